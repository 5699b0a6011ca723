import { withTimeBudget, type CallStep, type OnError, type UseStep } from '@sluice/flow';
import type { ErrorView } from '@sluice/plugin-api';
import { chain, type MaybePromise } from '../../maybe-promise.js';
import { isFlowMistake, type Onward } from '../blocks.js';
import type { Hop } from '../hop.js';
import type { Node } from '../program.js';
import type { PendingCall } from '../run-state.js';
import type { VerbContext } from './verb.js';

/**
 * Continues after a call that has no further attempt: with the output of the first matching entry of `onError`, otherwise where the failure
 * leads. The timeout of a surrounding block ends that block and not only the step.
 */
export function callFailed(
  { blocks }: VerbContext,
  hop: Hop,
  node: Node<UseStep | CallStep>,
  error: ErrorView,
  call: Pick<PendingCall, 'deadlineOf'> | undefined,
): MaybePromise<Onward> {
  const at = hop.pathOf(node.step.id);
  hop.recorder?.failed(hop.recorded, at, error);
  const block = call?.deadlineOf;
  if (error.code === 'STEP_TIMEOUT' && block !== undefined) return blocks.fail(hop, blocks.timeoutOf(block, error), at, block);
  if (isFlowMistake(error)) return blocks.fail(hop, error, at);
  hop.begin(node.step.id);
  // after the call of an unpaced action, the budget of the step has ended
  return withTimeBudget(node.step.id, () => substitute(hop, node, node.step.onError, error, () => blocks.fail(hop, error, at)));
}

/** Uses the output of the first entry whose condition is true. */
function substitute(
  hop: Hop,
  node: Node<UseStep | CallStep>,
  [entry, ...rest]: readonly OnError[],
  error: ErrorView,
  otherwise: () => MaybePromise<Onward>,
): MaybePromise<Onward> {
  if (entry === undefined) return otherwise();
  const scope = { ...hop.scope, error };
  return chain(entry.when === undefined ? true : entry.when.test(scope), (yes): MaybePromise<Onward> => {
    if (!yes) return substitute(hop, node, rest, error, otherwise);
    return chain(entry.output.render(scope), (output) => {
      hop.record(node.step.id, output, error);
      return node.next;
    });
  });
}
