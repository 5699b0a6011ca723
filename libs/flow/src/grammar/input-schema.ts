import { z } from 'zod';
import { opensExpression } from '../expression/index.js';
import type { Report } from '../report.js';
import { scalarsOf, toValue, type MapNode, type YamlNode } from '../yaml/nodes.js';

/** Checks that the `input` of a flow is a JSON Schema that data can be checked against. */
export function checkInputSchema(node: YamlNode, report: Report): node is MapNode {
  if (node.kind !== 'map') {
    report.error(node, 'FLOW_VALUE', 'input is a JSON Schema', {
      do: 'write for instance input: { type: object, required: [number], properties: { number: { type: string } } }',
    });
    return false;
  }
  for (const scalar of scalarsOf(node)) {
    if (!opensExpression(scalar.value)) continue;
    report.error(scalar, 'FLOW_VALUE', 'input takes no expression', { do: 'write the value itself' });
    return false;
  }
  const pattern = patternIn(node);
  if (pattern) {
    report.error(pattern, 'FLOW_VALUE', 'input takes no pattern: one text could keep the host busy for seconds', {
      do: 'leave it out, and check the text in a step: $match(…) takes a bounded time',
    });
    return false;
  }
  try {
    inputSchema(node);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.error(node, 'FLOW_VALUE', `input is not a JSON Schema that can be checked: ${reason}`, {
      do: 'correct it, or leave a part of it out',
    });
    return false;
  }
}

/** Returns the key of the first regular expression in a schema; undefined without one. */
function patternIn(node: YamlNode): YamlNode | undefined {
  if (node.kind === 'list') return node.items.map(patternIn).find((found) => found !== undefined);
  if (node.kind !== 'map') return undefined;
  for (const { name, key, value } of node.entries) {
    if ((name === 'pattern' && value.kind === 'scalar') || name === 'patternProperties') return key;
    const found = patternIn(value);
    if (found) return found;
  }
  return undefined;
}

/**
 * Converts a JSON Schema to the form in which all schemas are checked.
 * @throws Error when a part of it is not supported
 */
export function inputSchema(node: MapNode): z.ZodType {
  const schema = converted.get(node) ?? z.fromJSONSchema(toValue(node) as Parameters<typeof z.fromJSONSchema>[0]);
  converted.set(node, schema);
  return schema;
}

/** Schemas by node, because many flows may call the same flow. */
const converted = new WeakMap<MapNode, z.ZodType>();
