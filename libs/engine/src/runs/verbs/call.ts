import type { CallStep } from '@sluice/flow';
import { chain } from '../../maybe-promise.js';
import { queues } from '../../ports/bus.js';
import { callMessage } from '../called-runs.js';
import { HOP_ENDS } from '../hop-end.js';
import type { PendingCall } from '../run-state.js';
import { deadlineOf } from './deadline.js';
import type { Verb } from './verb.js';

export const call: Verb<CallStep> = ({ flow, settings, clock }, hop, { step }) =>
  chain(step.data?.render(hop.scope), (data) => {
    const at = hop.pathOf(step.id);
    const since = clock.now();
    const pending: PendingCall = {
      plugin: 'flow',
      action: step.flow,
      priority: 'normal',
      input: null,
      attempt: 1,
      waits: 0,
      policy: flow.deliver.retry,
      since,
      ...deadlineOf(hop, step.timeoutMs, since),
    };
    const { message, run } = callMessage(hop, at, pending, data, settings.limits);
    hop.recorder?.calledFlow(hop.recorded, at, step.flow, data);
    hop.outputs.push({ queue: queues.flow(step.flow), message });
    hop.startTimer(at, pending);
    const until = pending.deadline;
    hop.waitFor(at, pending, { kind: 'call', flow: step.flow, run, ...(until !== undefined && { until }) });
    hop.notable = true;
    return HOP_ENDS.suspended;
  });
