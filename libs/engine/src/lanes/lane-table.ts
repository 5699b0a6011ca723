import { engineFail, pause, runId, type Clock, type EventMessage, type Log, type SluiceError } from '@sluice/plugin-api';
import { messageOf } from '../message-of.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';
import { queues, type Bus, type Delivery } from '../ports/bus.js';
import type { HeldStart, LaneRow, LaneRun, RunPass } from '../ports/lanes.js';
import type { Hop } from '../runs/hop.js';
import type { NewerStateQueues } from '../runs/newer-states.js';
import { isRun, readRun } from '../runs/run-codec.js';
import type { RunMessage } from '../runs/run-state.js';
import { isSame, newLane, runOf, type Arrival, type Lane } from './lane.js';
import { Pass, RowDelivery, type LaneDelivery, type PassEnd, type PassTies } from './lane-delivery.js';
import { laneOf } from './lane-key.js';
import {
  decodeMessage,
  encodeMessage,
  isReleased,
  laneBeside,
  readReleased,
  releasedMessage,
  withoutLane,
} from './lane-messages.js';
import type { LaneWriter } from './lane-writer.js';

/** Maximum number of events of one lane that wait in hand behind a hop, unacknowledged. More of them are held in rows. */
const MAX_WAITING_OF_LANE = 8;
/**
 * Maximum number of events that one turn hands out. A crash repeats those of them that have ended. A hot key whose runs only emit is drained
 * 2.4 times as fast with 32 as with 1.
 */
const MAX_EVENTS_OF_TURN = 32;
/** Time from the request of a turn in which the events that it hands out begin, in milliseconds. It is far below the time of a lease. */
const MAX_TURN_MS = 1_000;
/** Pause before an event from a row is tried again whose outputs could not be published, in milliseconds. */
const AGAIN_MS = 1_000;

/**
 * How a flow orders its events. `key`: one run at a time for each key. `places`: a number of runs at a time. `none`: the flow has no order
 * any more, and only the lanes that it has left are continued.
 */
export type LaneMode = { readonly kind: 'key' } | { readonly kind: 'places'; readonly count: number } | { readonly kind: 'none' };

/** Runs the hops of the flow. */
export interface LaneRuns {
  /** Returns the hop of a message. Its steps have not run yet. */
  open(delivery: Pick<Delivery, 'message'>, run: RunMessage | undefined): Hop;
  /**
   * Evaluates `deliver.key`. Throws or rejects with the error of the expression.
   *
   * @returns undefined when the run ends at once, without a lane, because `trigger.where` is false or has an error
   */
  keyOf(hop: Hop, run: RunMessage | undefined): MaybePromise<string | undefined>;
  /** Runs the hop and settles or releases the delivery. */
  take(delivery: LaneDelivery): void;
}

export interface LaneTableDeps {
  readonly flow: string;
  readonly mode: LaneMode;
  readonly runs: LaneRuns;
  readonly writer: LaneWriter;
  readonly bus: Bus;
  readonly newer: Pick<NewerStateQueues, 'handBack'>;
  readonly log: Log;
  readonly clock: Clock;
  /** Maximum number of lanes whose events from rows are in memory at once. */
  readonly maxStarts: number;
  /** Maximum hops of events that were taken from the queue, at once. Further events in hand wait for one of them to end. */
  readonly maxHops: number;
  /** Called when the order can be kept only by taking all deliveries anew. */
  readonly restart: (reason: string) => void;
}

interface Turn {
  readonly lane: Lane;
  /** False when the event that has its turn begins once more. */
  readonly ended: boolean;
  /** Called once the turn is committed. */
  readonly written?: () => void;
}

/** The lanes of one flow in the memory of its owner. It decides which event begins, and what has to be written before. */
export class LaneTable {
  readonly #lanes = new Map<string, Lane>();
  /** Events that wait for a place. */
  readonly #gate: Arrival[] = [];
  /** Turns that wait until fewer bodies are in memory. */
  readonly #turns: Turn[] = [];
  readonly #hops = new Set<Pass>();
  /** Number of {@link #hops} of events that were taken from the queue. */
  #fromQueue = 0;
  /** Events that have a lane and wait for a hop to end. */
  readonly #ready: Pass[] = [];
  /** True while hops of {@link #ready} begin. */
  #isBeginning = false;
  /** Turns that are being written, and lanes in which an event from a row runs. */
  #starts = 0;
  /** Number of events that the next turn hands out: one when the run of the last event from a row was not over with its hop. */
  #startsOfTurn = MAX_EVENTS_OF_TURN;
  #arriving: Promise<void> | undefined;
  #state: 'open' | 'draining' | 'over' = 'open';
  readonly #onIdle: (() => void)[] = [];

  constructor(private readonly deps: LaneTableDeps) {}

  /** True when runs that are away have all places, so that no event can begin. */
  get full(): boolean {
    const { mode } = this.deps;
    return mode.kind === 'places' && this.#lanes.size >= mode.count && this.#hops.size === 0;
  }

  /** Continues the lanes that an earlier owner has left. Call it before the first {@link take}. */
  restore(rows: readonly LaneRow[]): void {
    for (const { key, run, epoch, held, turn } of rows) {
      const lane = newLane(key, () => ({ run, epoch }), 'away');
      Object.assign(lane, { rows: true, committed: true, held });
      this.#lanes.set(key, lane);
      if (turn) this.#turn({ lane, ended: false });
    }
  }

  /** Takes an event, a replay, or the message about the end of a run. */
  take(delivery: Delivery): void {
    // while the key of an earlier event is evaluated, later events wait: one of them may have the same key
    const done = this.#arriving ? this.#arriving.then(() => this.#arrive(delivery)) : this.#arrive(delivery);
    if (!isPromise(done)) return;
    const arriving: Promise<void> = done.finally(() => {
      if (this.#arriving === arriving) this.#arriving = undefined;
    });
    this.#arriving = arriving;
  }

  /** Returns the events that wait for a place to their queue. */
  handBackGate(): void {
    for (const { delivery } of this.#gate.splice(0)) delivery.release();
  }

  /** Begins no further event, and resolves when the hops in progress have settled and the ends of their runs are written. */
  async drain(): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    if (this.#hops.size > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    await this.deps.writer.idle();
  }

  /** Begins and writes nothing any more. Hops in progress may still end. */
  close(): void {
    this.#state = 'over';
    this.deps.writer.close();
  }

  #arrive(delivery: Delivery): MaybePromise<void> {
    if (this.#state !== 'open') return;
    if (isReleased(delivery.message)) return this.#onReleased(delivery);
    const run = this.#read(delivery);
    if (run === 'unread') return;
    const { attributes, body } = delivery.message;
    // only hosts publish to the queue of lanes; an event of anybody else cannot name a lane
    const isOwn = delivery.queue === queues.lane(this.deps.flow);
    const inherited = run ? laneOfReplay(run) : isOwn ? laneBeside(attributes) : undefined;
    const message = inherited && !run ? { attributes: withoutLane(attributes), body } : delivery.message;
    const arrival = { delivery, message, pass: this.#passOf(message, run) };
    const place = (key: string, hop?: Hop) => this.#place({ ...arrival, key, ...(hop && { hop }) }, run, inherited);
    // a replay that the flow does not take any more ends in the lane that it has kept
    const kept = inherited?.key;
    const beginNow = () =>
      kept === undefined ? this.#begin(new Pass(this.#ties, { ...arrival, key: '' }, undefined, false)) : place(kept);
    const refuse = (error: unknown) => {
      const left = this.#left(inherited, arrival);
      if (left) this.#turn({ lane: left, ended: true });
      this.#begin(new Pass(this.#ties, { ...arrival, key: '' }, undefined, false, error as SluiceError));
    };
    switch (this.deps.mode.kind) {
      case 'none':
        return beginNow();
      case 'places':
        return place(arrival.pass().run);
      case 'key':
        try {
          const hop = this.deps.runs.open({ message }, run);
          const key = this.deps.runs.keyOf(hop, run);
          if (isPromise(key)) return key.then((text) => (text === undefined ? beginNow() : place(laneOf(text))), refuse);
          return key === undefined ? beginNow() : place(laneOf(key), hop);
        } catch (error) {
          return refuse(error);
        }
    }
  }

  /** Returns the state of a run; undefined for an event. A state that cannot be read goes back or is parked, and has no lane here. */
  #read(delivery: Delivery): RunMessage | undefined | 'unread' {
    if (!isRun(delivery.message)) return undefined;
    const read = readRun(delivery.message.body);
    if (read.kind === 'run') return read.run;
    if (read.kind === 'newer') this.deps.newer.handBack(delivery, read.version);
    else delivery.settle([{ queue: queues.poison, message: delivery.message }]);
    return 'unread';
  }

  #passOf({ attributes }: EventMessage, run: RunMessage | undefined): () => RunPass {
    if (run) return () => ({ run: run.state.run, epoch: run.state.epoch });
    let pass: RunPass | undefined;
    return () => (pass ??= { run: runId(attributes.source, attributes.id, this.deps.flow), epoch: 0 });
  }

  #place(arrival: Arrival, run: RunMessage | undefined, inherited: LaneRun | undefined): void {
    if (this.#state !== 'open') return;
    if (run && this.#isHeldByCaller(arrival.key, run)) {
      const refused = heldByCaller(this.deps.flow, arrival.key);
      return this.#begin(new Pass(this.#ties, arrival, undefined, false, refused));
    }
    const left = this.#left(inherited, arrival);
    if (left?.key === arrival.key) return this.#inherit(left, arrival);
    if (left) this.#turn({ lane: left, ended: true });
    const lane = this.#lanes.get(arrival.key);
    if (!lane) return this.#enter(arrival);
    if (lane.state === 'away' && lane.pass().run === arrival.pass().run) {
      const { epoch } = arrival.pass();
      // the run was interrupted after its lane was written, or its replay begins
      if (epoch === lane.pass().epoch) return this.#start(lane, arrival, true);
      if (epoch > lane.pass().epoch) return this.#inherit(lane, arrival);
    }
    delete arrival.hop;
    lane.waiting.push(arrival);
    this.#hold(lane);
  }

  /** Returns the lane that a parked run has kept and that its replay takes over, or leaves because it has another key now. */
  #left(inherited: LaneRun | undefined, arrival: Omit<Arrival, 'key'>): Lane | undefined {
    const lane = inherited && this.#lanes.get(inherited.key);
    if (lane?.state !== 'away') return undefined;
    const { run, epoch } = lane.pass();
    const isKept = run === inherited?.run && epoch <= inherited.epoch && !isSame(lane.pass(), arrival.pass());
    return isKept ? lane : undefined;
  }

  #isHeldByCaller(key: string, { state }: RunMessage): boolean {
    const { flow, mode } = this.deps;
    return state.holds?.some((held) => held.flow === flow && (mode.kind === 'places' || held.key === key)) ?? false;
  }

  /** Begins the event in a lane of its own, when a place is free. */
  #enter(arrival: Arrival): void {
    const { mode } = this.deps;
    if (mode.kind === 'places' && this.#lanes.size >= mode.count) {
      delete arrival.hop;
      this.#gate.push(arrival);
      return;
    }
    const lane = newLane(arrival.key, arrival.pass, 'running');
    this.#lanes.set(arrival.key, lane);
    this.#start(lane, arrival);
  }

  /** The replay takes the lane over from the run that has parked. */
  #inherit(lane: Lane, arrival: Arrival): void {
    const from = runOf(lane);
    lane.state = 'turning';
    lane.pass = arrival.pass;
    this.#written(this.deps.writer.move(from, arrival.pass()), () => {
      this.#start(lane, arrival, true);
    });
  }

  #start(lane: Lane, arrival: Arrival, rejoins = false): void {
    lane.state = 'running';
    // before the hop begins: one without a wait closes the lane at once, and its key would soon have all places of the prefetch: the other
    // keys then advanced at half of their pace (prefetch 256)
    this.#hold(lane);
    this.#begin(new Pass(this.#ties, arrival, lane, rejoins));
  }

  #begin(pass: Pass): void {
    if (this.#state !== 'open') return;
    // an event from a row begins at once: the time of its turn is limited
    if (!pass.arrival.start) {
      if (this.#fromQueue >= this.deps.maxHops) {
        this.#ready.push(pass);
        return;
      }
      this.#fromQueue++;
    }
    this.#hops.add(pass);
    pass.begin();
  }

  #hopEnded(pass: Pass): void {
    if (!this.#hops.delete(pass) || pass.arrival.start) return;
    this.#fromQueue--;
    // a hop may end within its begin: one loop begins all, and not each hop the next one
    if (this.#isBeginning) return;
    this.#isBeginning = true;
    try {
      for (let next; this.#fromQueue < this.deps.maxHops && (next = this.#ready.shift());) this.#begin(next);
    } finally {
      this.#isBeginning = false;
    }
  }

  /** Moves the waiting events of a lane into rows: when its run is away, when earlier events are in rows, or when too many wait. */
  #hold(lane: Lane): void {
    if (lane.state === 'closing' || lane.state === 'turning' || this.deps.mode.kind !== 'key') return;
    if (lane.state === 'running' && lane.held === 0 && lane.waiting.length <= MAX_WAITING_OF_LANE) return;
    const behind = runOf(lane);
    // a copy of the run that has the lane waits for it in hand
    const events = lane.waiting.filter(({ pass }) => !isSame(pass(), behind));
    if (events.length === 0) return;
    lane.waiting = lane.waiting.filter(({ pass }) => isSame(pass(), behind));
    lane.held += events.length;
    lane.rows = true;
    for (const { delivery, key, pass } of events) {
      const event = { key, run: pass().run, epoch: pass().epoch, message: encodeMessage(delivery.message) };
      this.#written(this.deps.writer.hold(behind, event), () => delivery.settle([]));
    }
  }

  #onReleased(delivery: Delivery): void {
    const ended = readReleased(delivery.message);
    const lane = ended && this.#lanes.get(ended.key);
    if (!lane || !isSame(lane.pass(), ended)) return delivery.settle([]);
    if (lane.state === 'away') this.#turn({ lane, ended: true, written: () => delivery.settle([]) });
    else lane.released.push(delivery);
  }

  #isOf(lane: Lane, delivery: Delivery): boolean {
    const ended = readReleased(delivery.message);
    return ended !== undefined && isSame(ended, lane.pass());
  }

  /** Asks the store for the next events of the lane, once there is room for their bodies. */
  #turn(turn: Turn): void {
    const { lane, ended, written } = turn;
    lane.state = 'turning';
    const isOpen = this.#state === 'open';
    if (isOpen && this.#starts >= this.deps.maxStarts) {
      this.#turns.push(turn);
      return;
    }
    this.#starts++;
    const { batch } = lane;
    const run = batch ? { key: lane.key, ...batch.first } : runOf(lane);
    const until = this.deps.clock.monotonic() + MAX_TURN_MS;
    const starts = isOpen ? this.#startsOfTurn : 0;
    this.#written(this.deps.writer.turn({ ...run, ended, starts }, batch?.ended), ([start, ...rest]) => {
      written?.();
      delete lane.batch;
      if (this.#state !== 'open') return;
      if (start) {
        lane.batch = { first: start, ended: [], rest, until };
        return this.#startHeld(lane, start, ended);
      }
      this.#endStart();
      Object.assign(lane, { rows: false, committed: false, held: 0 });
      this.#next(lane);
    });
  }

  #startHeld(lane: Lane, start: HeldStart, ended: boolean): void {
    if (ended) lane.held = Math.max(0, lane.held - 1);
    this.#pass(lane, () => start);
    lane.committed = lane.batch?.first === start;
    const message = decodeMessage(start.message);
    const delivery = new RowDelivery(message, start, this.deps.flow, this.deps.bus, () => this.#state === 'over');
    this.#start(lane, { delivery, message, pass: lane.pass, key: lane.key, start });
  }

  /** Begins the next event that was handed out, or asks for further ones. */
  #heldEnded(lane: Lane, pass: Pass): void {
    const { batch } = lane;
    if (!lane.committed) batch?.ended.push(runOf(lane));
    this.#startsOfTurn = pass.repeatable ? MAX_EVENTS_OF_TURN : 1;
    const mayBegin = batch && pass.repeatable && this.#state === 'open' && this.deps.clock.monotonic() < batch.until;
    const next = mayBegin ? batch.rest.shift() : undefined;
    if (!next) {
      this.#forget(pass);
      return this.#turn({ lane, ended: true });
    }
    this.#hopEnded(pass);
    this.#startHeld(lane, next, true);
  }

  /** Removes the row of an event whose run has gone away. The events behind it that were handed out wait for their turn again. */
  #heldAway(lane: Lane): void {
    this.#startsOfTurn = 1;
    delete lane.batch;
    this.#written(this.deps.writer.away(runOf(lane)), () => undefined);
  }

  /** Writes that the lane belongs to its run. */
  async #keep(lane: Lane): Promise<void> {
    const { batch } = lane;
    if (!batch) return this.deps.writer.take(runOf(lane));
    await this.deps.writer.move({ key: lane.key, ...batch.first }, runOf(lane), [
      { key: lane.key, ...batch.first },
      ...batch.ended,
    ]);
    Object.assign(batch, { first: lane.pass(), ended: [] });
  }

  /** The body of an event from a row has left the memory. */
  #endStart(): void {
    this.#starts--;
    const next = this.#turns.shift();
    if (next) this.#turn(next);
  }

  /** Hands a lane without rows to the first event that waits in hand. */
  #next(lane: Lane): void {
    const next = lane.waiting.shift();
    if (next) {
      this.#pass(lane, next.pass);
      return this.#start(lane, next);
    }
    this.#pass(lane, lane.pass);
    this.#lanes.delete(lane.key);
    const waiting = this.#gate.shift();
    if (waiting) this.#place(waiting, undefined, undefined);
  }

  /** Passes the lane to a run. Messages about the end of the earlier one have no effect any more. */
  #pass(lane: Lane, pass: () => RunPass): void {
    lane.pass = pass;
    for (const delivery of lane.released.splice(0)) delivery.settle([]);
  }

  readonly #ties: PassTies = {
    run: (pass) => this.deps.runs.take(pass),
    keep: (lane) => this.#keep(lane),
    released: (lane) => releasedMessage(this.deps.flow, runOf(lane), this.deps.clock.now()),
    again: (pass) => void this.#again(pass),
    ended: (pass, how) => this.#ended(pass, how),
  };

  /** Runs a hop again that was handed back. If its delivery returned to the queue, later events of its key would pass it. */
  async #again(pass: Pass): Promise<void> {
    const { arrival, busy } = pass;
    delete arrival.hop;
    if (arrival.start) await pause(this.deps.clock, AGAIN_MS, new AbortController().signal, { ref: false });
    if (this.#state !== 'open' || arrival.delivery.lost) return this.#forget(pass);
    this.#hopEnded(pass);
    if (busy) this.#start(busy, arrival, pass.rejoins || (busy.committed && !arrival.start));
    else this.#begin(new Pass(this.#ties, arrival, undefined, false, pass.refused));
  }

  #ended(pass: Pass, how: PassEnd): void {
    const { busy: lane, arrival } = pass;
    if (how === 'unsettled' && arrival.start && this.#state === 'open') return void this.#again(pass);
    if (how === 'ended' && arrival.start && lane && this.#state !== 'over') return this.#heldEnded(lane, pass);
    this.#forget(pass);
    if (this.#state === 'over' || how === 'abandoned') return;
    // the broker would return the delivery behind those of its lane that are in hand
    if (how === 'unsettled') return this.deps.restart('the outputs of a hop were not published');
    if (!lane) return;
    if (how === 'ended' && !lane.rows) return this.#next(lane);
    if (how === 'kept' && arrival.start) this.#heldAway(lane);
    lane.state = 'away';
    if (how === 'kept') this.#settleCopies(lane);
    const released = lane.released.find((delivery) => this.#isOf(lane, delivery));
    if (!released) return this.#hold(lane);
    lane.released = lane.released.filter((delivery) => delivery !== released);
    this.#onReleased(released);
  }

  /** Copies of a run that has gone on need not run again. */
  #settleCopies(lane: Lane): void {
    const isCopy = ({ pass }: Arrival) => isSame(pass(), lane.pass());
    for (const copy of lane.waiting.filter(isCopy)) copy.delivery.settle([]);
    lane.waiting = lane.waiting.filter((one) => !isCopy(one));
  }

  #forget(pass: Pass): void {
    this.#hopEnded(pass);
    if (pass.arrival.start && this.#state === 'open') this.#endStart();
    if (this.#hops.size === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #written<Result>(write: Promise<Result>, then: (result: Result) => void): void {
    write.then(
      (result) => {
        if (this.#state !== 'over') then(result);
      },
      (error: unknown) => {
        if (this.#state === 'over') return;
        this.deps.log.error(`${this.deps.flow}: the order of its events cannot be written`, { error: messageOf(error) });
        this.deps.restart('the database refuses a write');
      },
    );
  }
}

function heldByCaller(flow: string, key: string): SluiceError {
  return engineFail.CALL_FAILED(
    `${flow} would wait without end: one of the flows that called it ${key === '' ? 'has a place in it' : `has its key "${key}"`}`,
  );
}

/** Returns the lane that the parked run has kept, of which this is the replay. */
function laneOfReplay({ state: { lane, kind, run, epoch } }: RunMessage): LaneRun | undefined {
  return lane?.hold && kind === 'replay' ? { key: lane.key, run, epoch } : undefined;
}
