import type { SwitchStep } from '@sluice/flow';
import { isPromise, type MaybePromise } from '../../maybe-promise.js';
import type { Onward } from '../blocks.js';
import type { Hop } from '../hop.js';
import { branchOf, type Node } from '../program.js';
import type { Verb } from './verb.js';

export const switchVerb: Verb<SwitchStep> = (_context, hop, node) => choose(hop, node, 0);

function choose(hop: Hop, node: Node<SwitchStep>, from: number): MaybePromise<Onward> {
  const { cases } = node.step;
  for (let index = from; index < cases.length; index++) {
    const yes = cases[index]?.when.test(hop.scope);
    if (isPromise(yes)) return yes.then((taken) => (taken ? branchOf(node, index) : choose(hop, node, index + 1)));
    if (yes) return branchOf(node, index);
  }
  return branchOf(node, cases.length);
}
