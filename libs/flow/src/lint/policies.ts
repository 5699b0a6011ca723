import type { AnyPlugin } from '@sluice/plugin-api';
import { actionOf, isHostTrigger, triggerOf, type TriggerContract } from '../contracts.js';
import { allSteps, innerSteps, type FlowDraft, type StepDraft } from '../grammar/drafts.js';

/** Reports what is allowed and seldom meant: how a flow is tried again, how long it may take, and whether it answers. */
export function checkPolicies(flow: FlowDraft, plugins: ReadonlyMap<string, AnyPlugin>, options: unknown): void {
  checkRetry(flow, plugins);
  checkReply(flow, plugins, options);
}

function checkRetry(flow: FlowDraft, plugins: ReadonlyMap<string, AnyPlugin>): void {
  const { retry, retryNode } = flow.deliver;
  if (!retryNode || retry.attempts === 1) return;
  for (const step of allSteps(flow.steps)) {
    if (step.verb !== 'use' || actionOf(plugins.get(step.plugin), step.action)?.idempotent !== 'no') continue;
    const message = `${step.plugin}.${step.action} is not idempotent, and this flow tries it up to ${retry.attempts} times`;
    flow.report.warning(step.use, 'POLICY_RETRY', message, {
      do: 'leave deliver.retry out, or make sure that the other side notices a repetition',
    });
  }
}

function checkReply(flow: FlowDraft, plugins: ReadonlyMap<string, AnyPlugin>, options: unknown): void {
  const { report, trigger, deliver } = flow;
  const reply = [...allSteps(flow.steps)].find((step) => step.verb === 'reply');
  const respond = typeof options === 'object' && options !== null && 'respond' in options ? options.respond : undefined;
  if (reply && deliver.expiresMs === undefined) {
    const message = 'this flow replies, and nothing bounds how late';
    report.warning(reply.idNode, 'POLICY_EXPIRES', message, { write: 'deliver: { expires: 30s }' });
  }
  if (reply && trigger.kind === 'plugin' && !canWait(triggerOf(plugins.get(trigger.plugin), trigger.trigger), respond)) {
    report.warning(reply.idNode, 'POLICY_REPLY', `nobody waits for a reply: the trigger is ${String(trigger.use.value)}`, {
      do: respond === undefined ? 'delete the step' : 'add respond: reply to the trigger, or delete the step',
    });
  }
  if (respond === 'reply' && trigger.kind === 'plugin' && leavesUnanswered(flow.steps)) {
    report.warning(
      trigger.use,
      'POLICY_REPLY',
      'the sender waits for a reply, and there is a way through the steps without one',
      {
        do: 'reply on every way: before each stop, and in each case of a switch',
      },
    );
  }
}

function canWait(trigger: TriggerContract | undefined, respond: unknown): boolean {
  if (respond !== undefined) return respond === 'reply';
  // A live or polled source has handed over what happened: nobody asked for anything.
  return trigger === undefined || isHostTrigger(trigger) || trigger.source === undefined || trigger.source === 'acknowledged';
}

/** Is there a way through the steps on which the run ends before it has replied? */
function leavesUnanswered(steps: readonly StepDraft[]): boolean {
  return walk(steps) !== 'replied';
}

/** `replied`: on every way; `ended`: on some way the run stops without; `open`: some way gets to the end without. */
function walk(steps: readonly StepDraft[]): 'replied' | 'ended' | 'open' {
  for (const step of steps) {
    if (step.verb === 'stop') return 'ended';
    if (step.verb === 'reply' && step.if === undefined) return 'replied';
    if (step.verb !== 'switch') continue;
    const branches = innerSteps(step).map(walk);
    if (branches.includes('ended')) return 'ended';
    if (step.if === undefined && branches.every((branch) => branch === 'replied')) return 'replied';
  }
  return 'open';
}
