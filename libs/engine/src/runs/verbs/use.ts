import type { RetryPolicy, UseStep } from '@sluice/flow';
import { prepareCall, type PreparedCall, type RefusedCall } from '../../calls/prepared-call.js';
import { chain, type MaybePromise } from '../../maybe-promise.js';
import { queues } from '../../ports/bus.js';
import type { Onward } from '../blocks.js';
import type { Hop } from '../hop.js';
import { HOP_ENDS, type HopEnd } from '../hop-end.js';
import type { Node } from '../program.js';
import { runMessage } from '../run-codec.js';
import type { PendingCall } from '../run-state.js';
import { deadlineOf } from './deadline.js';
import { callFailed } from './on-error.js';
import type { Verb, VerbContext } from './verb.js';

export const use: Verb<UseStep> = (context, hop, node) =>
  chain(node.step.connection?.text(hop.scope), (connection) =>
    chain(node.step.with.render(hop.scope), (input): MaybePromise<Onward> => {
      const { plugin, action } = node.step;
      const target = { plugin, action, ...(connection !== undefined && { connection }) };
      const prepared = prepareCall(context.connections, { ...target, input });
      if (!prepared.ok) throw prepared.error;
      const call = firstCall(context, hop, node.step, target, prepared, input);
      const unpaced = prepared.connection.spec.pace === undefined || prepared.action.paced === false;
      return unpaced ? callUnpaced(context, hop, node, call, prepared) : push(context, hop, node.step, call);
    }),
  );

/** Repeats the call of a step with the input that was rendered before, by the plugin and the action that it was rendered for. */
export function callAgain(context: VerbContext, hop: Hop, node: Node<UseStep>, call: PendingCall): MaybePromise<Onward> {
  return callUnpaced(context, hop, node, call, prepareCall(context.connections, call));
}

function firstCall(
  { flow, clock }: VerbContext,
  hop: Hop,
  step: UseStep,
  target: Pick<PendingCall, 'plugin' | 'action' | 'connection'>,
  prepared: PreparedCall,
  input: unknown,
): PendingCall {
  const since = clock.now();
  return {
    ...target,
    priority: step.priority,
    input,
    attempt: 1,
    waits: 0,
    policy: policyOf(step, flow.deliver, prepared),
    since,
    ...deadlineOf(hop, step.timeoutMs, since),
    ...(hop.expiresAt !== undefined && { expiresAt: hop.expiresAt }),
  };
}

/** An action that cannot be repeated gets one attempt, unless the flow requests more. */
function policyOf(
  { retry: own }: UseStep,
  { retry, retryGiven }: VerbContext['flow']['deliver'],
  { idempotent }: PreparedCall,
): RetryPolicy {
  if (own) return own;
  return !retryGiven && idempotent === 'no' ? { ...retry, attempts: 1 } : retry;
}

/** Publishes the call for the owner of the connection. With a timeout it also publishes a durable timer; both messages contain the state. */
function push({ clock }: VerbContext, hop: Hop, step: UseStep, call: PendingCall): HopEnd {
  const connection = call.connection ?? call.plugin;
  const at = hop.pathOf(step.id);
  const message = runMessage({ state: hop.state('push', { at, call }), body: hop.body }, clock.now());
  hop.outputs.push({ queue: queues.push(connection, call.priority), message });
  hop.startTimer(at, call);
  hop.waitFor(at, call, { kind: 'pace', priority: call.priority });
  hop.notable = true;
  return HOP_ENDS.suspended;
}

async function callUnpaced(
  context: VerbContext,
  hop: Hop,
  node: Node<UseStep>,
  call: PendingCall,
  prepared: PreparedCall | RefusedCall,
): Promise<Onward> {
  const { id } = node.step;
  hop.begin(id);
  const end = await context.calls.make(hop, hop.pathOf(id), call, prepared);
  switch (end.kind) {
    case 'output':
      hop.record(id, end.output);
      return node.next;
    case 'failed':
      return callFailed(context, hop, node, end.error, call);
    case 'suspended':
      return HOP_ENDS.suspended;
  }
}
