import { derivedId, runId, type EventAttributes, type Reply, type Clock } from '@sluice/plugin-api';
import type { Flow, Scope, Settings } from '@sluice/flow';
import { queues, type Outgoing } from '../ports/bus.js';
import { replyMessage } from './replies.js';
import { runMessage } from './run-codec.js';
import type { PendingCall, RunState, StepResult } from './run-state.js';
import { RunView, TriggerView } from './views.js';

/** One hop of a run, from a delivery to its settlement. Collects the effects of the steps; nothing is published before the end of the hop. */
export class Hop {
  readonly startedAt: number;
  readonly epoch: number;
  readonly steps: Record<string, unknown>;
  readonly outputs: Outgoing[] = [];
  /** Wall time of the start, in milliseconds since 1970. */
  readonly began: number;
  /** Monotonic time of the start, in milliseconds. */
  readonly beganMonotonic: number;
  /** True when the run has outputs from earlier hops, or did more than filter: it gets a line in the journal. */
  notable: boolean;
  replied: boolean;
  claim: string | undefined;
  /** Result of a call whose step no longer exists. A parked run keeps it, so that a replay continues with it when the step exists again. */
  unread: Extract<StepResult, { readonly ok: true }> | undefined;
  /** Id of the step that runs now. */
  current = '';
  #run: string | undefined;
  #scope: Scope | undefined;
  #trigger: TriggerView | undefined;
  #uuids = 0;

  constructor(
    readonly flow: Flow,
    readonly event: EventAttributes,
    readonly body: Buffer,
    private readonly settings: Settings,
    private readonly env: Readonly<Record<string, string>>,
    private readonly clock: Clock,
    state?: RunState,
  ) {
    this.began = clock.now();
    this.beganMonotonic = clock.monotonic();
    this.startedAt = state?.startedAt ?? this.began;
    this.epoch = state?.epoch ?? 0;
    this.steps = { ...state?.steps };
    this.notable = state !== undefined;
    this.replied = state?.replied ?? false;
    this.claim = state?.claim;
    this.#run = state?.run;
  }

  /** Derived at the first use: a filtered event never needs it. */
  get run(): string {
    return (this.#run ??= runId(this.event.source, this.event.id, this.flow.name));
  }

  get scope(): Scope {
    return (this.#scope ??= this.#makeScope());
  }

  /** Counted from acceptance, and again from a replay. Absent: the event does not expire. */
  get expiresAt(): number | undefined {
    const { expiresMs } = this.flow.deliver;
    if (expiresMs === undefined) return undefined;
    const from = this.epoch > 0 ? this.startedAt : (this.event.acceptedat ?? Date.parse(this.event.time));
    // a foreign publisher may have written an invalid time: such an event does not expire
    return Number.isNaN(from) ? undefined : from + expiresMs;
  }

  get expired(): boolean {
    const at = this.expiresAt;
    return at !== undefined && this.clock.now() > at;
  }

  /** Returns the trigger's body when this value is the data that was read from it, so that the body can be sent unchanged. */
  bodyOf(value: unknown): Buffer | undefined {
    return typeof value === 'object' && value !== null ? this.#trigger?.bodyOf(value) : undefined;
  }

  enter(step: string): void {
    this.current = step;
    this.#uuids = 0;
  }

  /** Removes the outputs of the steps: the run has become too large to travel. */
  forgetSteps(): void {
    for (const step of Object.keys(this.steps)) delete this.steps[step];
  }

  /** Sends the reply when a caller waits and has not received one. */
  reply(reply: Reply): void {
    if (this.event.replyto === undefined || this.replied) return;
    this.replied = true;
    this.outputs.push(replyMessage(this.event.replyto, this.run, this.flow.name, reply, this.clock.now()));
  }

  /** Returns the state for the next hop. */
  state(kind: RunState['kind'], more: Pick<RunState, 'at' | 'call' | 'result' | 'parked'>): RunState {
    return {
      run: this.run,
      epoch: this.epoch,
      flow: this.flow.name,
      revision: this.flow.revision,
      event: this.event,
      startedAt: this.startedAt,
      steps: this.steps,
      ...(this.replied && { replied: true }),
      ...(this.claim !== undefined && { claim: this.claim }),
      kind,
      ...more,
    };
  }

  /** Starts a durable timer beside the call when its step has a timeout. The first of the two to end continues the run. */
  startTimer(at: string, call: PendingCall): void {
    if (call.deadline === undefined) return;
    const message = runMessage({ state: this.state('timer', { at, call }), body: this.body }, this.clock.now());
    this.outputs.push({ queue: queues.next(this.flow.name), message, notBefore: call.deadline });
  }

  #makeScope(): Scope {
    const { flow } = this;
    return {
      trigger: (this.#trigger = new TriggerView(this.event, this.body)),
      steps: this.steps,
      vars: flow.vars,
      env: this.env,
      run: new RunView(this, flow.name),
      context: {
        now: this.began,
        uuid: (name) => derivedId(this.run, this.current, 'uuid', name ?? this.#uuids++),
        country: this.settings.country,
        ...(this.settings.timezone !== undefined && { timezone: this.settings.timezone }),
      },
    };
  }
}
