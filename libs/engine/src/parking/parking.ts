import { ENGINE_CODES, engineFail, pause, SluiceError, type Clock, type Log } from '@sluice/plugin-api';
import { messageOf } from '../message-of.js';
import type { Bus, Outgoing } from '../ports/bus.js';
import type { ParkedRun, ParkedSummary, Replay, Store } from '../ports/store.js';
import { journalEntry } from '../runs/journal-entry.js';
import type { StepPresence } from '../runs/program.js';
import { readRun } from '../runs/run-codec.js';
import type { RunMessage } from '../runs/run-state.js';
import { sourceOfParked } from './parked-source.js';
import { editedMessage, releaseOf, replayMessage, type FlowOrder, type Replayable } from './replay-messages.js';

const SWEEP_MS = 30_000;
const STUCK_MS = 60_000;
/** Maximum parked runs that are checked at the start for missing steps. */
const MAX_LOOKED_THROUGH = 1_000;

export interface ReplayOptions {
  /** Other data for the trigger. The replay is then a new run, caused by the old one. */
  readonly data?: unknown;
  /** Begin at the first step, without the outputs of earlier steps. */
  readonly fromStart?: boolean;
}

export interface ParkingDeps {
  readonly bus: Bus;
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  /** Returns whether a parked run can continue at this step, or why its revision cannot be compiled any more. */
  readonly presenceOf: (flow: string, step: string, revision: string) => Promise<StepPresence | { readonly missing: string }>;
  /** Returns how a flow orders its events; undefined when it is not deployed here. */
  readonly orderOf: (flow: string) => FlowOrder | undefined;
  /** Time for which parked runs are kept, in milliseconds. */
  readonly keptMs: number;
  /** Fires at a graceful stop. */
  readonly signal: AbortSignal;
}

/** Replays and drops parked runs. */
export class Parking {
  #sweeping: Promise<void> | undefined;

  constructor(private readonly deps: ParkingDeps) {}

  /** Starts the sweep for replays whose host has died, and reports parked runs whose steps no longer exist. */
  start(): void {
    this.#sweeping = this.#sweep();
    void this.#reportStranded().catch((error: unknown) =>
      this.deps.log.debug('parked runs were not compared with the flows', { error: messageOf(error) }),
    );
  }

  /** Resolves when the sweep has ended, which follows the signal. */
  async stop(): Promise<void> {
    await this.#sweeping;
  }

  /**
   * Replays a parked run from the step at which it failed. Finished steps keep their outputs, and calls keep their ids.
   *
   * @returns the id of the run that continues
   * @throws NOT_PARKED, REPLAY_REFUSED when the run is not parked (any more), REPLAY_REFUSED when a newer release has parked it, or when a
   *   replay of the other kind (from the start, at the failed step) is not published yet
   * @throws FLOW_CHANGED when its step no longer exists: only `fromStart` or other data replay it then, and may repeat calls under other
   *   ids
   */
  async replay(run: string, options: ReplayOptions = {}): Promise<string> {
    const parked = await this.deps.store.parked.get(run);
    if (!parked) throw engineFail.NOT_PARKED(`no run ${run} is parked`);
    const replayable = replayableOf(parked);
    if (parked.state !== 'parked' && parked.state !== 'replaying') throw notReplayable(parked);
    if (options.data !== undefined) return this.#replayEdited(replayable, options.data);
    const { fromStart = false } = options;
    if (!fromStart) await this.#refuseStranded(replayable);
    const replay = await this.#mark(parked, fromStart);
    if (replay.fromStart !== fromStart) throw replayedOtherwise(parked, replay);
    await this.#publish(replayable, this.#replayOf(replayable, replay));
    this.#journal(parked, 'replayed');
    return run;
  }

  /** Returns the ids of the calls in the journal of the run: a replay from the start may repeat them under other ids. */
  async callsOf(run: string): Promise<readonly string[]> {
    const entries = await this.deps.store.journal.find(run);
    const steps = entries.filter((entry) => entry.run === run && entry.kind === 'called').map(({ step }) => step ?? '');
    return [...new Set(steps)].map((step) => `${run}/${step}`);
  }

  /**
   * Refuses a run whose step no longer exists. It could only begin at the first step, where its calls get other ids: a person has to
   * decide.
   */
  async #refuseStranded({ parked, message }: Replayable): Promise<void> {
    const where = await this.#strandedAt(parked);
    if (where === undefined) return;
    const { at, result } = message.state;
    const kept = result?.ok === true && at !== undefined ? [`${parked.run}/${at}`] : [];
    const calls = [...new Set([...(await this.callsOf(parked.run)), ...kept])];
    const made = calls.length === 0 ? 'no call of it is in the journal' : `calls made: ${calls.join(', ')}`;
    throw engineFail.FLOW_CHANGED(`run ${parked.run} cannot go on: ${where} (${made})`);
  }

  /** Returns the reason why the run cannot continue at its step; undefined when it can. */
  async #strandedAt(parked: ParkedSummary): Promise<string | undefined> {
    const source = sourceOfParked(parked);
    if (source.kind !== 'flow') return undefined;
    const { flow } = source;
    const { step, error } = parked;
    const standing = await this.deps.presenceOf(flow, step ?? '', parked.revision);
    if (standing === 'flow-gone') return `the flow ${flow} is not there any more`;
    // earlier releases did not record the step
    if (step === undefined) return error.code === 'FLOW_CHANGED' ? `its step is not in ${flow} any more` : undefined;
    if (typeof standing === 'object') return `its revision of ${flow} cannot be compiled any more: ${standing.missing}`;
    return standing === 'step-gone' ? `${flow} has no step "${step}" any more` : undefined;
  }

  /** Reports once, at the start, how many parked runs stand at steps that this revision of the flows does not have. */
  async #reportStranded(): Promise<void> {
    const runs = await this.deps.store.parked.list({ state: 'parked', limit: MAX_LOOKED_THROUGH });
    const counts = new Map<string, number>();
    for (const run of runs) {
      const where = await this.#strandedAt(run);
      if (where !== undefined) counts.set(where, (counts.get(where) ?? 0) + 1);
    }
    for (const [where, count] of counts) {
      this.deps.log.warn(`parked runs cannot go on: ${where}`, {
        runs: count,
        cure: 'bring it back and replay them, or replay them with --from-start',
      });
    }
  }

  async #replayEdited(replayable: Replayable, data: unknown): Promise<string> {
    const { parked, message } = replayable;
    const { claim } = message.state;
    const { outgoing, run } = editedMessage(replayable, data, { order: this.#orderOf(parked.flow), now: this.deps.clock.now() });
    // without a new id the new run would be skipped as a duplicate of the old one
    if (claim !== undefined) await this.deps.store.claims.giveBack(parked.flow, claim, parked.run);
    await this.#publish(replayable, outgoing);
    this.#journal(parked, 'replayed');
    return run;
  }

  /** Marks the run as `replaying` before the publish: after a crash in between, the sweeper publishes the same replay again. */
  async #mark(parked: ParkedRun, fromStart: boolean): Promise<Replay> {
    const replay = await this.deps.store.parked.replaying(parked.run, parked.epoch, { fromStart });
    if (!replay) throw notReplayable(parked);
    return replay;
  }

  #replayOf(replayable: Replayable, replay: Replay): Outgoing {
    const order = this.#orderOf(replayable.parked.flow);
    return replayMessage(replayable, { ...replay, order, now: this.deps.clock.now() });
  }

  #orderOf(flow: string): FlowOrder {
    return this.deps.orderOf(flow) ?? 'none';
  }

  /**
   * Publishes the replay and then changes the row. A replay on other data has no mark, because the sweeper has only the old data: when a
   * host dies in between, the run stays parked, and a second replay on other data has the same ids.
   */
  async #publish({ parked, message }: Replayable, outgoing: Outgoing): Promise<void> {
    // the replay inherits the lane, but not in a flow that has lost its order since the run parked
    const released = this.#orderOf(parked.flow) === 'key' ? undefined : releaseOf(message, this.deps.clock.now());
    await this.deps.bus.publish([outgoing, ...(released ? [{ ...released, droppable: true }] : [])]);
    await this.deps.store.parked.replayed(parked.run, parked.epoch);
  }

  /** Drops a parked run for good. Rejects when it is not parked. */
  async drop(run: string): Promise<void> {
    const parked = await this.deps.store.parked.get(run);
    if (!parked || !(await this.#drop(parked))) throw engineFail.NOT_PARKED(`no run ${run} is parked`);
  }

  /**
   * Releases the lane that the run keeps, and then changes its row. When the host dies in between, the run is still parked: it can be
   * dropped again, or replayed behind the events of its key.
   */
  async #drop(parked: ParkedRun): Promise<boolean> {
    if (parked.state !== 'parked') return false;
    const read = sourceOfParked(parked).kind === 'flow' ? readRun(parked.message) : undefined;
    const released = read?.kind === 'run' ? releaseOf(read.run, this.deps.clock.now()) : undefined;
    if (released) await this.deps.bus.publish([{ ...released, droppable: true }]);
    if (!(await this.deps.store.parked.drop(parked.run, parked.epoch))) return false;
    this.#journal(parked, 'dropped');
    // rows that stay open are deleted later
    await this.deps.store.loops
      .closeRun(parked.run)
      .catch((error: unknown) =>
        this.deps.log.debug('the rows of a run stay open', { run: parked.run, error: messageOf(error) }),
      );
    return true;
  }

  /**
   * Publishes replays again whose host died between the publish and the change of the row, under the same ids. Drops runs beyond their
   * retention that keep a lane.
   */
  async #sweep(): Promise<void> {
    while (!this.deps.signal.aborted) {
      const stuck = await this.deps.store.parked.stuck(STUCK_MS).catch((error: unknown) => this.#putOff(error));
      for (const parked of stuck ?? []) await this.#publishStuck(parked).catch((error: unknown) => this.#putOff(error));
      const old = await this.deps.store.parked.holding(this.deps.keptMs).catch((error: unknown) => this.#putOff(error));
      for (const parked of old ?? []) await this.#drop(parked).catch((error: unknown) => this.#putOff(error));
      await pause(this.deps.clock, SWEEP_MS, this.deps.signal, { ref: false });
    }
  }

  async #publishStuck(parked: ParkedRun): Promise<void> {
    const replayable = replayableOf(parked);
    await this.#publish(replayable, this.#replayOf(replayable, await this.#mark(parked, false)));
  }

  #putOff(error: unknown): undefined {
    this.deps.log.debug('the sweep for replays is put off', { error: messageOf(error) });
  }

  #journal(parked: ParkedRun, kind: 'replayed' | 'dropped'): void {
    const { step } = parked;
    this.deps.store.journal.write(journalEntry(parked, kind, this.deps.clock.now(), step === undefined ? {} : { step }));
  }
}

/**
 * Reads the state of a parked run.
 *
 * @throws REPLAY_REFUSED when a newer release has written it, as while hosts are upgraded one after another
 * @throws CONFIG_INVALID when it is not the state of a run
 */
export function readParkedRun({ run, message }: Pick<ParkedRun, 'run' | 'message'>): RunMessage {
  const read = readRun(message);
  switch (read.kind) {
    case 'run':
      return read.run;
    case 'newer': {
      const { fate } = ENGINE_CODES.REPLAY_REFUSED;
      const text = `run ${run} cannot be read: a host of a newer release has parked it, with version ${read.version} of the state`;
      throw new SluiceError('REPLAY_REFUSED', fate, text, 'use a host of the newer release');
    }
    case 'unreadable':
      throw engineFail.CONFIG_INVALID(`run ${run} cannot be read: ${read.reason}`);
  }
}

/** @throws REPLAY_REFUSED, CONFIG_INVALID for a message that cannot be read */
function replayableOf(parked: ParkedRun): Replayable {
  const source = sourceOfParked(parked);
  if (source.kind !== 'unreadable') return { parked, source, message: readParkedRun(parked) };
  throw engineFail.CONFIG_INVALID(`run ${parked.run} cannot be replayed: its message does not name the flow that it belongs to`);
}

function replayedOtherwise({ run }: ParkedRun, { fromStart }: Replay): SluiceError {
  const where = fromStart ? 'from the start' : 'at its failed step';
  return engineFail.REPLAY_REFUSED(`run ${run} is being replayed ${where} already`);
}

function notReplayable({ run, state }: ParkedRun): SluiceError {
  return engineFail.REPLAY_REFUSED(`run ${run} is not parked any more: it was ${state}`);
}
