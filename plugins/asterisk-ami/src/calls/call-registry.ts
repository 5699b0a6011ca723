import type { Answerer } from './call-phase.js';
import { Legs, type Leg as LegOf } from './legs.js';

/** Hang-up cause of a leg. */
export interface Cause {
  readonly cause: number | null;
  readonly causeText: string | null;
}

export const NO_CAUSE: Cause = { cause: null, causeText: null };

/** Times are in milliseconds since 1970. */
export interface Call {
  readonly id: string;
  /** Undefined when the beginning was not observed and is not known. */
  readonly startedAt: number | undefined;
  readonly legs: Set<Leg>;
  /**
   * Its beginning: a channel dialled into the exchange, or the exchange itself rang a channel (`Originate`, a call file). Undefined: not
   * observed.
   */
  origin: 'dialled' | 'originated' | undefined;
  /** Leg of the caller. */
  caller: Leg | undefined;
  /** Leg of the called person, in a call that the exchange makes to a number. */
  called: Leg | undefined;
  from: string | undefined;
  fromName: string | undefined;
  to: string | undefined;
  /** The number that `dial` calls, and the extension where `originate` continues. */
  dialledNumber: string | undefined;
  targetExtension: string | undefined;
  extension: string | undefined;
  /** Time at which the first leg was picked up. From then on the caller's leg is answered for that leg, and not by the dialplan. */
  pickedUpAt: number | undefined;
  dialplanAnsweredAt: number | undefined;
  /** True when legs of people were dialled after the first leg. */
  hasDialled: boolean;
  /** Time at which the dialplan continued after an unsuccessful dial. */
  dialEndedAt: number | undefined;
  answered: boolean | undefined;
  answeredBy: Answerer | undefined;
  /** Undefined in an answered call when the answer was not observed. */
  answeredAt: number | undefined;
  isRecovered: boolean;
  callerCause: Cause | undefined;
  recording: string | undefined;
  transferredTo: string | undefined;
  transfers: number;
  readonly variables: Record<string, string>;
}

export type Leg = LegOf<Call>;

/** Maximum number of calls in memory: a call whose end was not reported must not stay forever. The oldest is forgotten first. */
const MAX_CALLS = 20_000;
/** Maximum number of ids of ended calls in memory. */
const MAX_REMEMBERED = 1_000;

/** The calls that are up with their legs, and the ids of calls that late events may still name. */
export class CallRegistry {
  readonly legs = new Legs<Call>();
  private readonly calls = new Map<string, Call>();
  /** Linkedids of calls that continued in another call, with the id of that call. */
  private readonly joined = new Map<string, string>();
  /** Originated calls that ended before their `OriginateResponse`. */
  private readonly endedOriginated = new Set<string>();

  /** Returns the call with this Linkedid, or the call in which it continued. */
  find(link: string): Call | undefined {
    return this.calls.get(this.idOf(link));
  }

  /** Returns the call with this Linkedid and begins it when there is none. */
  findOrBegin(link: string, startedAt: number | undefined, origin: Call['origin']): Call {
    return this.find(link) ?? this.begin(this.idOf(link), startedAt, origin);
  }

  begin(id: string, startedAt: number | undefined, origin: Call['origin']): Call {
    const call: Call = {
      id,
      startedAt,
      legs: new Set(),
      origin,
      caller: undefined,
      called: undefined,
      from: undefined,
      fromName: undefined,
      to: undefined,
      dialledNumber: undefined,
      targetExtension: undefined,
      extension: undefined,
      pickedUpAt: undefined,
      dialplanAnsweredAt: undefined,
      hasDialled: false,
      dialEndedAt: undefined,
      answered: origin === undefined ? undefined : false,
      answeredBy: undefined,
      answeredAt: undefined,
      isRecovered: origin === undefined,
      callerCause: undefined,
      recording: undefined,
      transferredTo: undefined,
      transfers: 0,
      variables: {},
    };
    this.calls.set(id, call);
    const [oldest] = this.calls.values();
    if (this.calls.size > MAX_CALLS && oldest) this.forget(oldest);
    return call;
  }

  addLeg(id: string, channel: string, extension: string | undefined, call: Call): Leg {
    const leg = this.legs.add(id, channel, extension, call);
    call.legs.add(leg);
    return leg;
  }

  removeLeg(leg: Leg): void {
    this.legs.remove(leg);
    leg.call.legs.delete(leg);
  }

  /** Removes a call that has ended. */
  remove(call: Call): void {
    this.calls.delete(call.id);
    if (call.origin === 'originated' && call.pickedUpAt === undefined) {
      this.endedOriginated.add(call.id);
      keepNewest(this.endedOriginated);
    }
  }

  /** Stores that the events of one call belong to another call from now on. */
  join(call: Call, other: Call): void {
    this.joined.set(call.id, other.id);
    keepNewest(this.joined);
  }

  /** Returns whether an originated call with this id has ended, and forgets it: there is one `OriginateResponse` for each call. */
  takeEndedOriginated(id: string): boolean {
    return this.endedOriginated.delete(id);
  }

  /** Returns the call of these that began first. */
  oldestOf(calls: ReadonlySet<Call>): Call | undefined {
    return [...this.calls.values()].find((call) => calls.has(call));
  }

  private idOf(link: string): string {
    return this.joined.get(link) ?? link;
  }

  private forget(call: Call): void {
    this.calls.delete(call.id);
    for (const leg of call.legs) this.legs.remove(leg);
  }
}

function keepNewest(ids: Map<string, string> | Set<string>): void {
  const [oldest] = ids.keys();
  if (ids.size > MAX_REMEMBERED && oldest !== undefined) ids.delete(oldest);
}
