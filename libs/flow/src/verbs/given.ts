import type { YamlNode } from '../yaml/nodes.js';
import type { StepValue } from './verb.js';

/** Returns the values that are present, each with its key. */
export function valuesGiven(nodes: Readonly<Record<string, YamlNode | undefined>>): StepValue[] {
  return Object.entries(nodes).flatMap(([key, node]) => (node ? [{ node, key }] : []));
}
