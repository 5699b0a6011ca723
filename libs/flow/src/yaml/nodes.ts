import type { Span } from './source-text.js';

export type ScalarValue = string | number | boolean | null;

export interface ScalarNode extends Span {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** The style in the source; it determines how the value is spelt there. */
  readonly style: 'plain' | 'single' | 'double' | 'block';
  /** True when the value is missing. That has been reported, so readers ignore the node. */
  readonly empty?: true;
}

export interface ListNode extends Span {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}

export interface MapEntry {
  readonly name: string;
  readonly key: ScalarNode;
  readonly value: YamlNode;
}

export interface MapNode extends Span {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}

/** A YAML value with its place. Anchors, tags and other constructs that are not allowed have been reported and do not occur. */
export type YamlNode = ScalarNode | ListNode | MapNode;

/** Converts a node to a plain value. Defines own properties, so that a key called `__proto__` is ordinary data. */
export function toValue(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toValue);
    case 'map': {
      const value: Record<string, unknown> = {};
      for (const entry of node.entries) setOwn(value, entry.name, toValue(entry.value));
      return value;
    }
  }
}

export function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

export function entryOf(node: YamlNode | undefined, name: string): MapEntry | undefined {
  return node?.kind === 'map' ? node.entries.find((entry) => entry.name === name) : undefined;
}

/** Returns the node at a path of keys and indexes; undefined when there is no such node. */
export function nodeAt(node: YamlNode, path: readonly PropertyKey[]): YamlNode | undefined {
  let current: YamlNode | undefined = node;
  for (const step of path) {
    if (current === undefined) return undefined;
    if (current.kind === 'list') current = current.items[Number(step)];
    else current = entryOf(current, String(step))?.value;
  }
  return current;
}

/** Returns all scalars below a node, including the node itself, in the order of the file. */
export function scalarsOf(node: YamlNode, found: ScalarNode[] = []): readonly ScalarNode[] {
  if (node.kind === 'scalar') found.push(node);
  else if (node.kind === 'list') for (const item of node.items) scalarsOf(item, found);
  else for (const entry of node.entries) scalarsOf(entry.value, found);
  return found;
}
