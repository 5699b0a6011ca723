import { z } from 'zod';
import { opensExpression } from '../expression/index.js';
import type { Report } from '../report.js';
import { scalarsOf, toValue, type MapNode, type YamlNode } from '../yaml/nodes.js';

/** Checks the JSON Schema of a flow's input: the engine must be able to check data against it. */
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
  try {
    z.fromJSONSchema(toValue(node) as Parameters<typeof z.fromJSONSchema>[0]);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.error(node, 'FLOW_VALUE', `input is not a JSON Schema that can be checked: ${reason}`, {
      do: 'correct it, or leave a part of it out',
    });
    return false;
  }
}
