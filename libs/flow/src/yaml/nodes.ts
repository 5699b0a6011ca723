import type { Span } from './source-text.js';

export type ScalarValue = string | number | boolean | null;

export interface ScalarNode extends Span {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** How it is written: decides how its value lies in the source text. */
  readonly style: 'plain' | 'single' | 'double' | 'block';
  /** Nothing is written here, which has been reported: readers pass over it. */
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

/** A value of YAML with its place. Refused spellings (anchors, tags …) never get this far. */
export type YamlNode = ScalarNode | ListNode | MapNode;

/** The plain value. Own properties only, so that a key called `__proto__` is data like any other. */
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

/** Where a path of keys and indexes leads; undefined when there is nothing. */
export function nodeAt(node: YamlNode, path: readonly PropertyKey[]): YamlNode | undefined {
  let current: YamlNode | undefined = node;
  for (const step of path) {
    if (current === undefined) return undefined;
    if (current.kind === 'list') current = current.items[Number(step)];
    else current = entryOf(current, String(step))?.value;
  }
  return current;
}

/** Every scalar below a node, the node itself included. */
export function* scalarsOf(node: YamlNode): Generator<ScalarNode> {
  if (node.kind === 'scalar') yield node;
  else if (node.kind === 'list') for (const item of node.items) yield* scalarsOf(item);
  else for (const entry of node.entries) yield* scalarsOf(entry.value);
}
