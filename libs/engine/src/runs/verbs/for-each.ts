import type { ForEachStep } from '@sluice/flow';
import { engineFail } from '@sluice/plugin-api';
import { chain } from '../../maybe-promise.js';
import type { Verb } from './verb.js';

export const forEach: Verb<ForEachStep> = ({ blocks }, hop, node) =>
  chain(node.step.in.render(hop.scope), (items) => {
    if (Array.isArray(items)) return blocks.enterLoop(hop, node, items);
    throw engineFail.FOREACH_NOT_LIST(`"in" of ${node.step.id} is ${kindOf(items)}, and not a list`);
  });

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'one object' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}
