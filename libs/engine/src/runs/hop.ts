import { derivedId, runId, type Clock, type ErrorView, type EventAttributes, type Reply } from '@sluice/plugin-api';
import type { EvaluationContext, Flow, Scope, Settings } from '@sluice/flow';
import { queues, type Outgoing } from '../ports/bus.js';
import type { StepChange, StepReport } from '../observer.js';
import type { LoopKey } from '../ports/loops.js';
import type { RecordedRun, StepRecorder } from '../recording/step-recorder.js';
import { placeInLoop, rowsOfBlocks, type CatchFrame, type Failure, type Frame, type LoopFrame } from './frames.js';
import type { LoopRows } from './loop-rows.js';
import type { WaitingFor } from '../ports/store.js';
import type { JournalDetails, JournaledRun } from './journal-entry.js';
import { isVerb, type Program } from './program.js';
import { replyMessage } from './replies.js';
import { runMessage } from './run-codec.js';
import { resultOfReply, returnMessage } from './called-runs.js';
import { CALLER_TIMEOUT, type Caller, type PendingCall, type RunState, type StepResult } from './run-state.js';
import { stepPath, type StepPath } from './step-path.js';
import { HopScope, RunView, TriggerView } from './views.js';

/** One hop of a run, from a delivery to its settlement. Collects the effects of the steps; nothing is published before the end of the hop. */
export class Hop {
  readonly startedAt: number;
  readonly epoch: number;
  /** Outputs of the steps outside of loops. */
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
  /** The text that people find the run by. */
  note: string | undefined;
  /** The step at which the run waits after this hop, and the reason; undefined when it ends. */
  wait: Pick<JournalDetails, 'step' | 'connection' | 'attempt' | 'waits'> | undefined;
  /** The lane or the place of the run. */
  lane: RunState['lane'];
  /** Lanes and places of the runs that have called this one. */
  readonly #holds: RunState['holds'];
  /** The run that waits for the first reply or the end of this one. */
  caller: Caller | undefined;
  /** The message with the reply, once it is among the outputs. */
  answer: Outgoing | undefined;
  /** Result of a call whose step no longer exists. A parked run keeps it, so that a replay continues with it when the step exists again. */
  unread: Extract<StepResult, { readonly ok: true }> | undefined;
  /** The failure that ends the run. */
  failure: Failure | undefined;
  /** The rows of this hop's loops; absent before the first one. */
  loopRows: LoopRows | undefined;
  /** Rows of loops that are over. They are closed once the hop is settled. */
  readonly endedRows: LoopKey[] = [];
  /** Monotonic time at which the hop last let other work go on, in milliseconds; absent: it began then. */
  sliceBegan: number | undefined;
  /** True once the hop has made a call that a redelivery of its message would repeat. */
  hasCalled = false;
  /** Absent unless the flow has `journal: full`. */
  recorder: StepRecorder | undefined;
  /** Receives the changes of the steps; undefined when nobody reads them. */
  observe: ((report: StepReport) => void) | undefined;
  /** The revision that the state of the run names. */
  revision: string;
  readonly #frames: Frame[];
  /** The step that runs now. */
  #current = '';
  #run: string | undefined;
  #scope: HopScope | undefined;
  #context: EvaluationContext | undefined;
  #trigger: TriggerView | undefined;
  #view: RunView | undefined;
  /** The innermost loop. */
  #loop: LoopFrame | undefined;
  /** End of the paths of steps: the items of the surrounding loops. Absent: it is composed at its first use, which most items do not have. */
  #items: string | undefined;
  /** The same without the innermost loop. */
  #itemsAround = '';
  #uuids = 0;
  /** The outputs that {@link outputBytes} has counted. */
  #counted = 0;
  #outputBytes = 0;

  constructor(
    readonly program: Program,
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
    this.steps = state ? { ...state.steps } : {};
    this.notable = state !== undefined;
    this.replied = state?.replied ?? false;
    this.claim = state?.claim;
    this.note = state?.note;
    this.lane = state?.lane;
    this.#holds = state?.holds;
    this.caller = state?.caller;
    this.revision = program.flow.revision;
    this.#run = state?.run;
    this.#frames = state?.frames ? [...state.frames] : [];
    if (this.#frames.length > 0) this.#framesChanged();
  }

  get flow(): Flow {
    return this.program.flow;
  }

  /** The blocks in which the run is, the outermost first. Change them by {@link enter}, {@link leave} and {@link beginItem} only. */
  get frames(): readonly Frame[] {
    return this.#frames;
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

  /** Bytes of the bodies of all outputs. */
  get outputBytes(): number {
    for (; this.#counted < this.outputs.length; this.#counted++)
      this.#outputBytes += this.outputs[this.#counted]?.message.body.length ?? 0;
    return this.#outputBytes;
  }

  /** Returns the trigger's body when this value is the data that was read from it, so that the body can be sent unchanged. */
  bodyOf(value: unknown): Buffer | undefined {
    return typeof value === 'object' && value !== null ? this.#trigger?.bodyOf(value) : undefined;
  }

  /** Returns the path of a step within the current items. */
  pathOf(step: string): StepPath {
    return this.#loop ? step + (this.#items ??= `${this.#itemsAround}/${this.#loop.index}`) : step;
  }

  /** Returns the path of a loop in which the run is. */
  pathOfLoop(loop: LoopFrame): StepPath {
    const around = this.#frames.slice(0, this.#frames.indexOf(loop)).filter(isLoop);
    return stepPath(loop.step, indicesOf(around));
  }

  /** Makes a step the current one. All ids that its expressions derive contain its path. */
  begin(step: string): void {
    this.#current = step;
    this.#uuids = 0;
  }

  /**
   * Adds the output of a step of the current item, or of the flow.
   *
   * @param error the failure that the output replaces
   */
  record(step: string, output: unknown, error?: ErrorView): void {
    (this.#loop?.steps ?? this.steps)[step] = output;
    if (this.#loop && this.#scope) this.#scope.steps[step] = output;
    this.recorder?.returned(this.recorded, this.pathOf(step), output);
    if (this.observe) this.report(this.pathOf(step), { kind: 'ended', output, ...(error && { error }) });
  }

  /** Reports a change of a step to the observer, if there is one. */
  report(path: StepPath, change: StepChange): void {
    this.observe?.({ run: this.run, flow: this.flow.name, path, ...change });
  }

  /** Marks the rows of these blocks as not needed any more. */
  endRowsOf(frames: readonly Frame[]): void {
    for (const { path, epoch } of rowsOfBlocks(frames)) this.endedRows.push({ run: this.run, path, epoch });
  }

  /** Enters a block, or the blocks of an item that continues. */
  enter(...frames: readonly Frame[]): void {
    this.#frames.push(...frames);
    this.#framesChanged();
  }

  /** Leaves the innermost block and returns its frame; undefined at the top level. */
  leave(): Frame | undefined {
    const frame = this.#frames.pop();
    if (frame) this.#framesChanged();
    return frame;
  }

  /** Makes an item the current one of the innermost loop. */
  beginItem(loop: LoopFrame, index: number, steps: Record<string, unknown>): void {
    loop.index = index;
    loop.steps = steps;
    const scope = this.#scope;
    if (!scope || this.#frames.at(-1) !== loop) return this.#framesChanged();
    // a scope of its own for each item would cost a short item as much as its steps
    this.#items = undefined;
    scope.steps = { ...this.steps };
    if (this.#itemsAround !== '')
      for (const frame of this.#frames) if (frame !== loop && frame.block === 'loop') Object.assign(scope.steps, frame.steps);
    this.#addItem(scope, loop);
  }

  /** The handler in which the run is; undefined outside of handlers. */
  get handler(): CatchFrame | undefined {
    return this.#frames.findLast((frame) => frame.block === 'catch');
  }

  /** The block around the run, or the caller, whose timeout ends first; undefined without a timeout. */
  get earliest(): { readonly step: string; readonly deadline: number } | undefined {
    const limit = this.caller?.deadline;
    let earliest = limit === undefined ? undefined : { step: CALLER_TIMEOUT, deadline: limit };
    for (const { step, deadline } of this.#frames) {
      if (deadline !== undefined && step !== null && !(earliest && earliest.deadline <= deadline)) earliest = { step, deadline };
    }
    return earliest;
  }

  /** Removes the outputs of the steps: the run has become too large to travel, and a replay begins at the first step. */
  forgetSteps(): void {
    for (const step of Object.keys(this.steps)) delete this.steps[step];
    this.#frames.length = 0;
    this.failure = undefined;
    this.#framesChanged();
  }

  /** Sends the reply when a sender or another run waits and has not received one. */
  reply(reply: Reply): void {
    if (this.caller) this.returnToCaller(resultOfReply(this.caller, this.run, this.flow.name, reply));
    if (this.event.replyto === undefined || this.replied) return;
    this.replied = true;
    this.#answer(replyMessage(this.event.replyto, this.run, this.flow.name, reply, this.clock.now()));
  }

  /** Continues the run that has called this one. It waits for this one no longer. */
  returnToCaller(result: StepResult): void {
    if (!this.caller) return;
    this.#answer(returnMessage(this.caller, result, this.clock.now()));
    this.caller = undefined;
  }

  #answer(message: Outgoing): void {
    this.outputs.push(message);
    this.answer = message;
  }

  /** Returns the state for the next hop. */
  state(kind: RunState['kind'], more: Pick<RunState, 'at' | 'frames' | 'call' | 'result' | 'parked'>): RunState {
    return {
      run: this.run,
      epoch: this.epoch,
      flow: this.flow.name,
      revision: this.revision,
      event: this.event,
      startedAt: this.startedAt,
      ...(this.#frames.length > 0 && { frames: this.#frames }),
      steps: this.steps,
      ...(this.replied && { replied: true }),
      ...(this.claim !== undefined && { claim: this.claim }),
      ...(this.note !== undefined && { note: this.note }),
      ...(this.lane && { lane: this.lane }),
      ...(this.#holds && { holds: this.#holds }),
      ...(this.caller && { caller: this.caller }),
      kind,
      ...more,
    };
  }

  /** The run as its entries in the journal name it. */
  get journaled(): JournaledRun {
    const { run, event, epoch, note } = this;
    return { run, flow: this.flow.name, event, epoch, ...(note !== undefined && { note }) };
  }

  /** The run as its records need it. */
  get recorded(): RecordedRun {
    const { run, epoch, flow, revision, event, body, steps, frames } = this;
    return { run, epoch, flow: flow.name, revision, event, body, steps, frames, program: flow };
  }

  /** Sets the reason of the wait after this hop. */
  waitFor(at: StepPath, { connection, attempt }: Pick<PendingCall, 'connection' | 'attempt'>, waits: WaitingFor): void {
    const place = placeInLoop(this.#frames);
    this.wait = { step: at, attempt, ...(connection !== undefined && { connection }), waits: { ...waits, ...place } };
  }

  /** The lanes and places that a run which this one calls must not wait for. */
  get holdsOfCalled(): RunState['holds'] {
    if (!this.lane) return this.#holds;
    return [...(this.#holds ?? []), { flow: this.flow.name, key: this.lane.key }];
  }

  /** Starts a durable timer beside the call when its step has a timeout. The first of the two to end continues the run. */
  startTimer(at: string, call: PendingCall): void {
    if (call.deadline === undefined) return;
    const message = runMessage({ state: this.state('timer', { at, call }), body: this.body }, this.clock.now());
    this.outputs.push({ queue: queues.next(this.flow.name), message, notBefore: call.deadline });
  }

  #framesChanged(): void {
    this.#scope = undefined;
    const loops = this.#frames.filter(isLoop);
    this.#loop = loops.pop();
    this.#itemsAround = stepPath('', indicesOf(loops));
    this.#items = undefined;
  }

  #makeScope(): HopScope {
    const { flow } = this;
    this.#context ??= {
      now: this.began,
      uuid: (name) => derivedId(this.run, this.pathOf(this.#current), 'uuid', name ?? this.#uuids++),
      country: this.settings.country,
      ...(this.settings.timezone !== undefined && { timezone: this.settings.timezone }),
    };
    this.#trigger ??= new TriggerView(this.event, this.body);
    this.#view ??= new RunView(this, flow.name);
    const scope = new HopScope(this.#trigger, this.steps, this.#view, flow, this.env, this.#context);
    if (this.#frames.length === 0) return scope;
    scope.steps = { ...this.steps };
    for (const frame of this.#frames) {
      if (frame.block === 'catch') scope.error = frame.failure.error;
      if (frame.block === 'loop') this.#addItem(scope, frame);
    }
    return scope;
  }

  /** Adds the current item of a loop, `loop`, and the outputs of the item's steps, which hide those of surrounding steps. */
  #addItem(scope: HopScope, frame: LoopFrame): void {
    Object.assign(scope.steps, frame.steps);
    scope.loop = { index: frame.index, total: frame.rows?.total ?? frame.items.length };
    const node = this.program.nodeAt(frame.step);
    if (isVerb(node, 'forEach')) scope.setItem(node.step.as, frame.rows ? frame.item : frame.items[frame.index]);
  }
}

function indicesOf(loops: readonly LoopFrame[]): number[] {
  return loops.map(({ index }) => index);
}

function isLoop(frame: Frame): frame is LoopFrame {
  return frame.block === 'loop';
}
