import type { AnyPlugin } from '@sluice/plugin-api';
import { z } from 'zod';
import { actionOf, isHostTrigger, triggerOf, type ActionContract, type TriggerContract } from '../contracts.js';
import type { FlowDraft } from '../grammar/drafts.js';
import { valuesOfRun } from '../grammar/values-of.js';
import type { Settings } from '../model.js';
import type { Texts } from '../texts.js';
import { innerSteps, stepsOf, type StepDraft } from '../verbs/index.js';
import { scalarsOf, toValue, type MapNode } from '../yaml/nodes.js';

/** Warns about policies that are allowed but seldom intended: those of retries, timeouts and replies. */
export function checkPolicies(
  flow: FlowDraft,
  plugins: ReadonlyMap<string, AnyPlugin>,
  options: unknown,
  settings: Settings,
): void {
  checkRetry(flow, plugins);
  checkTimeouts(flow, settings);
  checkReply(flow, plugins, options);
}

function checkRetry(flow: FlowDraft, plugins: ReadonlyMap<string, AnyPlugin>): void {
  const { retry, retryNode } = flow.deliver;
  for (const step of stepsOf(flow)) {
    if (step.verb !== 'use') continue;
    const policy = step.retry ?? (retryNode && retry);
    if (!policy || policy.attempts === 1) continue;
    const action = actionOf(plugins.get(step.plugin), step.action);
    if (!action || !isNeverRepeated(action, step.with)) continue;
    const message =
      `${step.plugin}.${step.action} is not idempotent: ${step.retry ? 'retry' : 'deliver.retry'} does not repeat it once it may have been carried out, ` +
      'the run is parked with OUTCOME_UNKNOWN';
    flow.report.warning(step.use, 'POLICY_RETRY', message, {
      do: takesIdempotent(action)
        ? 'add to `with`: `idempotent: by-key` if the remote system recognises a repeated call by its key, `yes` if a repetition does no harm'
        : 'check the parked runs regularly',
    });
  }
}

/** Returns whether the engine never repeats this call. Returns false when an expression decides. */
function isNeverRepeated({ idempotent }: ActionContract, given: MapNode | undefined): boolean {
  if (typeof idempotent !== 'function') return idempotent === 'no';
  const input = (given ? toValue(given) : {}) as Readonly<Record<string, unknown>>;
  const isDynamic = (value: unknown) => typeof value === 'string' && value.includes('${{');
  if (isDynamic(input['method']) || isDynamic(input['idempotent'])) return false;
  // `idempotent` may return undefined, because defaults of the schema are not filled in here: then assume the cautious value
  return (idempotent(input) ?? 'no') === 'no';
}

function takesIdempotent({ input }: ActionContract): boolean {
  return input instanceof z.ZodObject && 'idempotent' in input.shape;
}

/** RabbitMQ requeues a message that is not acknowledged in time. That does not end the call, so it may be made twice. */
function checkTimeouts(flow: FlowDraft, { rabbit: { consumerTimeoutMs } }: Settings): void {
  for (const step of stepsOf(flow)) {
    if (step.verb !== 'use' || step.timeoutMs === undefined || step.timeoutMs <= consumerTimeoutMs) continue;
    const message = `${step.id} may take ${step.timeoutMs / 1_000} s, but RabbitMQ requeues the message of a call after ${consumerTimeoutMs / 1_000} s`;
    flow.report.warning(step.idNode, 'POLICY_TIMEOUT', message, { do: TIMEOUT_CURE });
  }
}

/** The cure for a timeout that is longer than RabbitMQ's consumer timeout. */
export const TIMEOUT_CURE =
  'shorten the timeout, unless the time is spent waiting for the pace; or raise consumer_timeout of RabbitMQ and settings.rabbit.consumerTimeout';

/** Reports loops that go on after failures when no expression reads how many items failed. */
export function checkFailures(flow: FlowDraft, texts: Texts): void {
  const loops = [...stepsOf(flow)].filter((step) => step.verb === 'forEach' && step.onFailure === 'continue');
  if (loops.length === 0) return;
  const read = new Set<string>();
  for (const value of valuesOfRun(flow)) {
    for (const { path } of scalarsOf(value).flatMap((scalar) =>
      texts.expressions(scalar).flatMap(({ references }) => references),
    )) {
      const [root, id, field] = path;
      if (root !== 'steps') continue;
      // the whole of `steps` or of the output may contain the number
      if (id === undefined) return;
      if (field === undefined || FAILURE_FIELDS.includes(field)) read.add(id);
    }
  }
  for (const { id, idNode } of loops) {
    if (read.has(id)) continue;
    const message = `"${id}" goes on after failures, but nothing reads how many items failed`;
    flow.report.warning(idNode, 'POLICY_FAILURES', message, { do: `add after it: ${failuresRaised(id)}` });
  }
}

const FAILURE_FIELDS: readonly string[] = ['failed', 'errors', 'succeeded'];

/** Returns a step that raises an error when an item of the loop has failed. */
function failuresRaised(id: string): string {
  const message = `\${{ steps.${id}.failed }} of \${{ steps.${id}.total }} items failed`;
  return `- { id: ${id}Failed, if: '\${{ steps.${id}.failed > 0 }}', raise: { code: ITEMS_FAILED, message: '${message}' } }`;
}

function checkReply(flow: FlowDraft, plugins: ReadonlyMap<string, AnyPlugin>, options: unknown): void {
  const { report, trigger, deliver } = flow;
  const reply = [...stepsOf(flow)].find((step) => step.verb === 'reply');
  const respond = typeof options === 'object' && options !== null && 'respond' in options ? options.respond : undefined;
  // a called flow has the deadline of the step that calls it
  if (reply && deliver.expiresMs === undefined && trigger.kind !== 'flow') {
    const message = 'this flow replies, but nothing limits how late';
    report.warning(reply.idNode, 'POLICY_EXPIRES', message, { write: 'deliver: { expires: 30s }' });
  }
  if (reply && trigger.kind === 'plugin' && !canWait(triggerOf(plugins.get(trigger.plugin), trigger.trigger), respond)) {
    report.warning(
      reply.idNode,
      'POLICY_REPLY',
      `the sender does not wait for a reply: the trigger is ${String(trigger.use.value)}`,
      {
        do: respond === undefined ? 'delete the step' : 'add respond: reply to the trigger, or delete the step',
      },
    );
  }
  if (reply && trigger.kind === 'schedule')
    report.warning(reply.idNode, 'POLICY_REPLY', 'the sender does not wait for a reply: the trigger is schedule', {
      do: 'delete the step',
    });
  if (respond === 'reply' && trigger.kind === 'plugin' && leavesUnanswered(flow.steps)) {
    report.warning(trigger.use, 'POLICY_REPLY', 'the sender waits for a reply, but a path through the steps does not reply', {
      do: 'reply on each path: before each stop, and in each case of a switch',
    });
  }
}

function canWait(trigger: TriggerContract | undefined, respond: unknown): boolean {
  if (respond !== undefined) return respond === 'reply';
  // A live or polled source only reports events: no sender waits for an answer.
  return trigger === undefined || isHostTrigger(trigger) || trigger.source === undefined || trigger.source === 'acknowledged';
}

/** Returns whether there is a path through the steps on which the run ends without a reply. */
function leavesUnanswered(steps: readonly StepDraft[]): boolean {
  return walk(steps) !== 'replied';
}

/**
 * Returns `replied` when each path replies, `ended` when a path stops the run without a reply, and `open` when a path reaches the end
 * of the steps without a reply. A failure counts as a reply, because the sender receives it.
 */
function walk(steps: readonly StepDraft[]): 'replied' | 'ended' | 'open' {
  for (const step of steps) {
    if (step.verb === 'stop') return 'ended';
    if ((step.verb === 'reply' || step.verb === 'raise') && step.if === undefined) return 'replied';
    const inner = innerSteps(step);
    const walked = inner.map((one) => walk(one.steps));
    if (walked.includes('ended')) return 'ended';
    // the list of a loop may be empty
    const certain = step.if === undefined && inner.length > 0 && inner.every(({ kind }) => kind !== 'item');
    if (certain && walked.every((one) => one === 'replied')) return 'replied';
  }
  return 'open';
}
