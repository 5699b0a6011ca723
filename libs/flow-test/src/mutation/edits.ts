import type { Node, Pair, Scalar, YAMLMap } from 'yaml';

/** Replaces a range of the source text. */
export interface Edit {
  readonly start: number;
  /** The first position after the range. */
  readonly end: number;
  readonly text: string;
}

export function applyEdits(source: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((text, { start, end, text: replacement }) => text.slice(0, start) + replacement + text.slice(end), source);
}

/** Returns the edit that puts another value in place of a scalar. JSON is a subset of YAML, so quotes and line breaks are safe. */
export function replaceScalar(source: string, scalar: Scalar, value: unknown): Edit {
  return replaceNode(source, scalar, JSON.stringify(value));
}

/** Returns the edit that puts a text in place of a node. */
export function replaceNode(source: string, node: Node, text: string): Edit {
  const [start, end] = rangeOf(source, node);
  return { start, end, text };
}

/** Returns the edits that exchange the values of two pairs. */
export function swapValues(source: string, a: Node, b: Node): readonly Edit[] {
  const [from, to] = [rangeOf(source, a), rangeOf(source, b)];
  return [
    { start: from[0], end: from[1], text: source.slice(...to) },
    { start: to[0], end: to[1], text: source.slice(...from) },
  ];
}

/** Returns the edit that removes a pair of a map. */
export function dropPair(source: string, map: YAMLMap, pair: Pair): Edit {
  if (map.items.length === 1) return replaceNode(source, map, '{}');
  const [start] = rangeOf(source, pair.key as Node);
  const [, end] = rangeOf(source, pair.value as Node);
  if (!map.flow) return { start, end, text: '' };
  const comma = /^\s*,\s*/.exec(source.slice(end));
  if (comma) return { start, end: end + comma[0].length, text: '' };
  const before = /,\s*$/.exec(source.slice(0, start));
  return { start: start - (before?.[0].length ?? 0), end, text: '' };
}

/** Returns the range without the line break at its end, which a block scalar and a block collection include. */
export function rangeOf(source: string, node: Node): readonly [number, number] {
  if (!node.range) throw new Error('a node that was parsed has a range');
  const [start, valueEnd] = node.range;
  return [start, start + source.slice(start, valueEnd).trimEnd().length];
}
