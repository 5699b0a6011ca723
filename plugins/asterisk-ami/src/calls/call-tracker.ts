import { bridgeIn, joinsCalls, Legs, numberIn, peerOf, type Leg as LegOf } from './legs.js';
import { knownText, textOf, unescaped, type Packet } from '../ami/packet.js';
import { variableName } from '../ami/filters.js';
import { DIALLED_NUMBER, TARGET_EXTENSION } from '../actions/outgoing.js';

export const PHASES = ['ringing', 'answered', 'transferred', 'finished'] as const;
export const DIRECTIONS = ['incoming', 'outgoing', 'internal'] as const;
export const ANSWERERS = ['person', 'dialplan'] as const;

export type Phase = (typeof PHASES)[number];
export type Direction = (typeof DIRECTIONS)[number];

/** What is known of a call when one of its phases begins. `null` stands for what is not known. */
export interface CallPhase {
  readonly phase: Phase;
  /** Linkedid: all legs of a call have it. */
  readonly call: string;
  /** `incoming` comes from outside, `outgoing` goes there. */
  readonly direction: Direction | null;
  /** Who calls, and whom: numbers as the exchange has them. */
  readonly from: string | null;
  readonly fromName: string | null;
  readonly to: string | null;
  /** Whom of our own people this phase concerns: who is rung, who has answered, who speaks. */
  readonly extension: string | null;
  /** Of the leg that rings or has answered. */
  readonly channel: string | null;
  readonly answered: boolean | null;
  /** A person, or only the dialplan of the exchange: a menu, a queue, a parking lot. */
  readonly answeredBy: (typeof ANSWERERS)[number] | null;
  /** Seconds until the answer, since then, and altogether. */
  readonly ringing: number | null;
  readonly talking: number | null;
  readonly duration: number | null;
  /** Why the caller's leg ended: a number of Q.850, and Asterisk's words for it. */
  readonly cause: number | null;
  readonly causeText: string | null;
  /** Where it is recorded. */
  readonly recording: string | null;
  readonly transferredTo: string | null;
  /** The call in which this one went on, for example after a pickup. */
  readonly joined: string | null;
  /** True when a part of the call was not seen. */
  readonly recovered: boolean;
  /** Channel variables that were asked for. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface TrackerOptions {
  /** What our own numbers look like. */
  readonly extensions: RegExp;
  /** The variable that names the recording. */
  readonly recording: string;
  readonly variables: readonly string[];
}

/** A phase, with the id that distinguishes it from all others. */
export interface PhaseEvent {
  readonly id: string;
  readonly data: CallPhase;
}

/** What else is known of channels that are up. */
export interface DialplanView {
  /** By unique id: the number with which the channel dialled into the exchange. */
  readonly dialled: ReadonlyMap<string, string>;
  /** Bridges whose members do not hear each other. */
  readonly holdingBridges: ReadonlySet<string>;
  /** Bridges whose members hear each other and stay calls of their own. */
  readonly conferences: ReadonlySet<string>;
}

interface Cause {
  readonly cause: number | null;
  readonly causeText: string | null;
}

interface Call {
  readonly id: string;
  /** Milliseconds since 1970; undefined when the beginning was not seen and cannot be known. */
  readonly startedAt: number | undefined;
  readonly legs: Set<Leg>;
  /**
   * How it began: somebody dialled into the exchange, or the exchange itself rang somebody (`Originate`, a call file). Undefined: not seen.
   */
  origin: 'dialled' | 'originated' | undefined;
  /** The leg of who calls. */
  caller: Leg | undefined;
  /** Of a call that the exchange makes to a number: the leg of who is called. */
  called: Leg | undefined;
  from: string | undefined;
  fromName: string | undefined;
  to: string | undefined;
  /** The number that `dial` calls, and the extension where `originate` goes on. */
  dialledNumber: string | undefined;
  targetExtension: string | undefined;
  extension: string | undefined;
  /** When the first leg was picked up: then the caller's leg is answered for that leg, and not by the dialplan. */
  pickedUpAt: number | undefined;
  dialplanAnsweredAt: number | undefined;
  /** Legs of people were dialled after the first. */
  hasDialled: boolean;
  /** When the dialplan went on after it had dialled in vain. */
  dialEndedAt: number | undefined;
  answered: boolean | undefined;
  answeredBy: (typeof ANSWERERS)[number] | undefined;
  /** Undefined in a call that is answered: the answer was not seen. */
  answeredAt: number | undefined;
  isRecovered: boolean;
  callerCause: Cause | undefined;
  recording: string | undefined;
  transferredTo: string | undefined;
  transfers: number;
  readonly variables: Record<string, string>;
}

type Leg = LegOf<Call>;

/** The events that a tracker lives on. */
export const TRACKED = [
  'Newchannel',
  'Newstate',
  'DialBegin',
  'DialEnd',
  'BridgeEnter',
  'BridgeLeave',
  'BlindTransfer',
  'AttendedTransfer',
  'OriginateResponse',
  'Hangup',
] as const;

/** Calls whose end was never told must not fill the memory. */
const MAX_CALLS = 20_000;
/** Originated calls whose end came before the `OriginateResponse`, and calls that went on in another one. */
const MAX_REMEMBERED = 1_000;

/** Applications set these channel variables when they have dialled and the dialplan goes on. */
export const DIAL_RESULTS = ['DIALSTATUS', 'QUEUESTATUS'] as const;
/** A dialplan that only hangs up after it has dialled in vain answers nothing. */
const MIN_DIALPLAN_MS = 1_000;

const DOWN = '0';
const UP = '6';
/** Applications that a dialled channel shows: of Dial and Originate, Queue, FollowMe. */
const DIALLED_APPLICATION = /^App(Dial|Queue|Followme)/i;
const NO_CAUSE: Cause = { cause: null, causeText: null };

/**
 * Makes calls of the events of an exchange. Channels that share a Linkedid are the legs of one call. Who calls is the leg that dialled into
 * the exchange, or, where the exchange rang somebody first, our own telephone that was rung. A person has answered when a leg that is not the
 * caller's hears another person: through bridges, and through Local channels, which are nobody.
 */
export class CallTracker {
  private readonly calls = new Map<string, Call>();
  private readonly legs = new Legs<Call>();
  /** Linkedids of calls that went on in another one, with the id of that. */
  private readonly joined = new Map<string, string>();
  /** Originated calls that ended while their `OriginateResponse` was still to come. */
  private readonly ended = new Set<string>();

  constructor(private readonly options: TrackerOptions) {}

  /** Unique ids of the channels that are known to be up. */
  get channels(): readonly string[] {
    return this.legs.ids;
  }

  /** Returns the phases that begin with this event. */
  hear(packet: Packet, at: Date): readonly PhaseEvent[] {
    const now = at.getTime();
    const relinked = this.followLink(packet, now);
    return [...relinked, ...this.phasesOf(packet, now)];
  }

  /**
   * Learns of the channels that `CoreShowChannels` lists. What happened before is not known and is not claimed.
   *
   * @param more what `CoreShowChannels` does not list
   * @returns the ends of calls whose channels are in one bridge with those of an older call
   */
  recover(channels: readonly Packet[], more: DialplanView, at: Date): readonly PhaseEvent[] {
    const now = at.getTime();
    const changed = new Set<Call>();
    for (const packet of [...channels].sort(byAge)) {
      const call = this.recoverLeg(packet, more, now);
      if (call) changed.add(call);
    }
    for (const call of changed) call.isRecovered = true;
    const legs = [...changed].flatMap((call) => [...call.legs]).filter(({ bridge }) => !more.conferences.has(bridge ?? ''));
    const ends = legs.flatMap((leg) => this.joinCalls(leg, now));
    for (const call of changed) this.concludeRecovery(call);
    return ends;
  }

  /** True for a channel whose beginning was not seen. */
  isUnknown(packet: Packet): boolean {
    return this.legs.get(knownText(packet, 'Uniqueid')) === undefined;
  }

  /** Ends a channel whose hang-up was not heard, because no session was open. */
  gone(channel: string, at: Date): readonly PhaseEvent[] {
    const leg = this.legs.get(channel);
    if (!leg) return [];
    leg.call.isRecovered = true;
    return this.leave(leg, at.getTime(), NO_CAUSE);
  }

  private phasesOf(packet: Packet, now: number): readonly PhaseEvent[] {
    switch (textOf(packet, 'Event')) {
      case 'Newchannel':
        this.legOf(packet, '', now);
        return [];
      case 'Newstate':
        this.changeState(packet, now);
        return [];
      case 'DialBegin':
        return this.ring(packet, now);
      case 'DialEnd':
        return this.endOfRinging(packet, now);
      case 'BridgeEnter':
        return this.enterBridge(packet, now);
      case 'BridgeLeave': {
        const leg = this.legs.get(knownText(packet, 'Uniqueid'));
        if (leg) this.legs.leaveBridge(leg);
        return [];
      }
      case 'VarSet':
        this.setVariable(packet, now);
        return [];
      case 'BlindTransfer':
        return this.transfer(packet, 'Transferer', knownText(packet, 'Extension'), now);
      case 'AttendedTransfer':
        return this.transfer(packet, 'OrigTransferer', this.target(packet), now);
      case 'OriginateResponse':
        return this.originated(packet, now);
      case 'Hangup': {
        const leg = this.legs.get(knownText(packet, 'Uniqueid'));
        const cause = { cause: numberOf(knownText(packet, 'Cause')), causeText: knownText(packet, 'Cause-txt') ?? null };
        return leg ? this.leave(leg, now, cause) : [];
      }
      default:
        return [];
    }
  }

  private legOf(packet: Packet, prefix: string, now: number): Leg | undefined {
    const id = knownText(packet, `${prefix}Uniqueid`);
    const link = knownText(packet, `${prefix}Linkedid`);
    if (id === undefined || link === undefined) return undefined;
    const known = this.legs.get(id);
    if (known) return known;
    const callId = this.joined.get(link) ?? link;
    const isOriginated = id === link && textOf(packet, `${prefix}ChannelState`) === DOWN;
    const call =
      this.calls.get(callId) ?? this.begin(callId, now, id === link ? (isOriginated ? 'originated' : 'dialled') : undefined);
    const leg = this.addLeg(packet, prefix, id, call);
    if (id !== link) return leg;
    leg.isFirstSide = call.origin === 'originated';
    if (call.origin === 'dialled') {
      call.caller = leg;
      call.from = this.party(packet, prefix);
      call.fromName = knownText(packet, `${prefix}CallerIDName`);
      call.to = knownText(packet, `${prefix}Exten`);
    }
    return leg;
  }

  private addLeg(packet: Packet, prefix: string, id: string, call: Call): Leg {
    const channel = textOf(packet, `${prefix}Channel`) ?? '';
    const leg = this.legs.add(id, channel, this.ours(peerOf(channel)), call);
    call.legs.add(leg);
    return leg;
  }

  private begin(id: string, startedAt: number | undefined, origin: Call['origin']): Call {
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

  /** When the caller's leg goes up before anybody has picked up, the dialplan has answered. */
  private changeState(packet: Packet, now: number): void {
    const leg = this.legs.get(knownText(packet, 'Uniqueid'));
    if (!leg || leg.isUp || textOf(packet, 'ChannelState') !== UP) return;
    leg.isUp = true;
    const { call } = leg;
    if (leg === call.caller && call.pickedUpAt === undefined) call.dialplanAnsweredAt ??= now;
  }

  private ring(packet: Packet, now: number): readonly PhaseEvent[] {
    const source = this.legOf(packet, '', now);
    const leg = this.legOf(packet, 'Dest', now);
    if (!leg) return [];
    const { call } = source ?? leg;
    const isFirst = this.isFirstSide(source);
    leg.isFirstSide ||= isFirst;
    if (leg.isPlumbing) return [];
    if (isFirst && call.origin === 'originated') this.ringFirst(call, leg, packet);
    else this.ringNext(call, packet);
    const extension = leg.extension ?? this.callersExtension(call) ?? null;
    if (call.answeredBy !== 'person') call.extension = extension ?? call.extension;
    return [this.tell(call, 'ringing', leg.id, now, { extension, channel: leg.channel })];
  }

  /** Returns whether a leg dials the first side of an originated call: no leg does, or the second half of a Local channel on that side. */
  private isFirstSide(source: Leg | undefined): boolean {
    if (!source) return true;
    return source.isPlumbing && source.channel.endsWith(';2') && this.legs.otherHalf(source)?.isFirstSide === true;
  }

  /** The first leg of an originated call: our own telephone, whose owner then calls somebody, or the person who is called. */
  private ringFirst(call: Call, leg: Leg, packet: Packet): void {
    const number = call.dialledNumber ?? this.dialled(packet);
    if (leg.extension !== undefined && call.dialledNumber === undefined) {
      if (call.caller?.isUp) return;
      call.caller = leg;
      call.from = leg.extension;
      call.fromName = knownText(packet, 'DestCallerIDName');
      return;
    }
    const shown = knownText(packet, 'CallerIDNum') ?? knownText(packet, 'DestCallerIDNum');
    call.called = leg;
    call.to ??= number;
    call.from ??= shown === number ? undefined : shown;
  }

  private ringNext(call: Call, packet: Packet): void {
    call.hasDialled = true;
    call.dialEndedAt = undefined;
    if (call.origin === 'dialled') {
      // numbers are set in the dialplan, after the channel has begun
      call.from ??= this.party(packet, '');
      call.fromName ??= knownText(packet, 'CallerIDName');
    }
    call.to ??= call.targetExtension ?? this.dialled(packet);
  }

  private endOfRinging(packet: Packet, now: number): readonly PhaseEvent[] {
    const leg = this.legs.get(knownText(packet, 'DestUniqueid'));
    if (!leg || textOf(packet, 'DialStatus') !== 'ANSWER') return [];
    leg.isUp = true;
    const source = this.legs.get(knownText(packet, 'Uniqueid'));
    // who picks up the call of another telephone has called the exchange for it
    const moved = source && source.call !== leg.call ? this.move(leg, source.call, now) : [];
    const { call } = leg;
    call.pickedUpAt ??= now;
    if (call.origin !== 'originated' || !leg.isFirstSide || leg.isPlumbing) return moved;
    if (leg.extension !== undefined && call.dialledNumber === undefined) {
      call.caller = leg;
      call.from = leg.extension;
      return moved;
    }
    call.called = leg;
    leg.hasTalked = true;
    this.answer(call, 'person', now);
    return [...moved, this.tell(call, 'answered', leg.id, now, { extension: leg.extension ?? null, channel: leg.channel })];
  }

  private enterBridge(packet: Packet, now: number): readonly PhaseEvent[] {
    const leg = this.legs.get(knownText(packet, 'Uniqueid'));
    const bridge = bridgeIn(packet);
    if (!leg) return [];
    if (bridge === undefined) {
      this.legs.leaveBridge(leg);
      return [];
    }
    this.legs.enterBridge(leg, bridge);
    return [...(joinsCalls(packet) ? this.joinCalls(leg, now) : []), ...this.connect(leg, now)];
  }

  /** Calls that meet in a bridge become one: Asterisk keeps the Linkedid of the oldest. */
  private joinCalls(leg: Leg, now: number): readonly PhaseEvent[] {
    const members = this.legs.inBridgeWith(leg);
    const calls = new Set(members.map(({ call }) => call));
    if (calls.size < 2) return [];
    const oldest = [...this.calls.values()].find((call) => calls.has(call));
    return members.flatMap((member) => (oldest && member.call !== oldest ? this.move(member, oldest, now) : []));
  }

  /** Notes who hears whom from now on. */
  private connect(leg: Leg, now: number): readonly PhaseEvent[] {
    const people = this.legs.connectedWith(leg);
    if (people.length < 2) return [];
    for (const person of people) this.noteSpeaker(person, people);
    return people.flatMap((person) => {
      if (person.hasTalked) return [];
      person.hasTalked = true;
      const { call } = person;
      if (person === call.caller) return [];
      this.answer(call, 'person', now);
      const extension = person.extension ?? this.callersExtension(call) ?? null;
      return [this.tell(call, 'answered', person.id, now, { extension, channel: person.channel })];
    });
  }

  /** Our own person speaks in a call when somebody from outside hears them; in a call among ourselves, when they are not the caller. */
  private noteSpeaker(person: Leg, people: readonly Leg[]): void {
    const { call, extension } = person;
    if (extension === undefined) return;
    const isOutside = (leg: Leg) => !leg.isPlumbing && leg.extension === undefined;
    const isInternal = ![...call.legs].some(isOutside);
    if (people.some(isOutside) || (isInternal && person !== call.caller)) call.extension = extension;
  }

  private answer(call: Call, by: (typeof ANSWERERS)[number], now: number): void {
    if (call.answeredBy === by || call.answeredBy === 'person') return;
    const wasUnknown = call.answered === undefined || (call.answered && call.answeredAt === undefined);
    call.answered = true;
    call.answeredBy = by;
    call.answeredAt = wasUnknown ? undefined : now;
  }

  /** The Linkedid of a channel changes when Asterisk joins two calls. */
  private followLink(packet: Packet, now: number): readonly PhaseEvent[] {
    const leg = this.legs.get(knownText(packet, 'Uniqueid'));
    const link = knownText(packet, 'Linkedid');
    if (!leg || link === undefined || link === leg.formerCall) return [];
    const call = this.calls.get(this.joined.get(link) ?? link);
    return call && call !== leg.call ? this.move(leg, call, now) : [];
  }

  /** A call whose last leg has gone on in another call is over. */
  private move(leg: Leg, call: Call, now: number): readonly PhaseEvent[] {
    const before = leg.call;
    before.legs.delete(leg);
    leg.formerCall = before.id;
    leg.call = call;
    call.legs.add(leg);
    call.recording ??= before.recording;
    if (before.legs.size > 0) return [];
    remember(this.joined, before.id, call.id);
    return this.finish(before, now, { ...(before.callerCause ?? NO_CAUSE), joined: call.id });
  }

  private setVariable(packet: Packet, now: number): void {
    const leg = this.legs.get(knownText(packet, 'Uniqueid'));
    const call = leg?.call;
    const name = variableName(textOf(packet, 'Variable') ?? '');
    const value = unescaped(textOf(packet, 'Value') ?? '');
    if (!call) return;
    if (name === this.options.recording && value !== '') call.recording = value;
    if (leg === call.caller && value !== '' && isDialResult(name)) call.dialEndedAt = now;
    if (name === DIALLED_NUMBER) call.dialledNumber = value;
    if (name === TARGET_EXTENSION) call.targetExtension = value;
    if (this.options.variables.includes(name)) call.variables[name] = value;
  }

  private transfer(packet: Packet, by: string, to: string | undefined, now: number): readonly PhaseEvent[] {
    const call = this.legs.get(knownText(packet, `${by}Uniqueid`))?.call;
    if (!call || textOf(packet, 'Result') !== 'Success') return [];
    call.transferredTo = to;
    const extension = this.ours(this.party(packet, by)) ?? call.extension;
    return [this.tell(call, 'transferred', String(++call.transfers), now, { extension: extension ?? null })];
  }

  private target(packet: Packet): string | undefined {
    return this.party(packet, 'TransferTarget') ?? knownText(packet, 'SecondTransfererConnectedLineNum');
  }

  /** Handles the result of an `Originate`. One that rang nobody has no channel and no other event. */
  private originated(packet: Packet, now: number): readonly PhaseEvent[] {
    const exten = knownText(packet, 'Exten');
    const id = knownText(packet, 'Uniqueid') ?? knownText(packet, 'ActionID');
    const call = this.legs.get(id)?.call ?? this.calls.get(id ?? '');
    if (call) {
      if (call.called === undefined && exten !== 's') call.to ??= exten;
      return [];
    }
    if (id === undefined || textOf(packet, 'Response') === 'Success' || this.ended.delete(id)) return [];
    const number = this.dialled({ ...packet, DestChannel: `${textOf(packet, 'Channel')}-0`, DialString: afterTech(packet) });
    const own = this.ours(number);
    const failed = this.begin(id, now, 'originated');
    failed.from = own ?? knownText(packet, 'CallerIDNum');
    failed.to = own === undefined ? number : exten;
    failed.extension = own;
    return this.finish(failed, now, NO_CAUSE);
  }

  private leave(leg: Leg, now: number, cause: Cause): readonly PhaseEvent[] {
    const { call } = leg;
    this.legs.remove(leg);
    call.legs.delete(leg);
    if (leg === call.caller || (call.caller === undefined && leg === call.called)) call.callerCause = cause;
    if (call.legs.size > 0) return [];
    return this.finish(call, now, call.callerCause ?? cause);
  }

  /**
   * At the end of a call it is known whether the dialplan alone has answered: nobody was dialled, who picked up was never put through, or
   * the dialplan went on with the caller after it had dialled in vain, for example with voicemail. A queue in which nobody picked up has not
   * answered.
   */
  private answerOfDialplan(call: Call, now: number): readonly PhaseEvent[] {
    const at = call.answered === false ? this.dialplanAnswer(call, now) : undefined;
    if (at === undefined) return [];
    this.answer(call, 'dialplan', at);
    return [this.tell(call, 'answered', 'dialplan', at, { extension: null })];
  }

  private dialplanAnswer(call: Call, now: number): number | undefined {
    const { pickedUpAt, dialplanAnsweredAt, dialEndedAt } = call;
    if (call.origin === 'originated') return call.hasDialled ? undefined : pickedUpAt;
    if (dialplanAnsweredAt === undefined || !call.hasDialled || pickedUpAt !== undefined) return dialplanAnsweredAt;
    if (dialEndedAt === undefined) return undefined;
    const at = Math.max(dialplanAnsweredAt, dialEndedAt);
    return now - at >= MIN_DIALPLAN_MS ? at : undefined;
  }

  private finish(call: Call, now: number, more: Partial<CallPhase>): readonly PhaseEvent[] {
    this.calls.delete(call.id);
    if (call.origin === 'originated' && call.pickedUpAt === undefined) remember(this.ended, call.id);
    return [...this.answerOfDialplan(call, now), this.tell(call, 'finished', '', now, more)];
  }

  private forget(call: Call): void {
    this.calls.delete(call.id);
    for (const leg of call.legs) this.legs.remove(leg);
  }

  private recoverLeg(packet: Packet, { dialled, holdingBridges }: DialplanView, now: number): Call | undefined {
    const id = knownText(packet, 'Uniqueid');
    const link = knownText(packet, 'Linkedid');
    if (id === undefined || link === undefined) return undefined;
    const known = this.legs.get(id);
    const isUp = textOf(packet, 'ChannelState') === UP;
    const inBridge = knownText(packet, 'BridgeId');
    const bridge = inBridge !== undefined && holdingBridges.has(inBridge) ? undefined : inBridge;
    if (known) {
      const isSame = known.isUp === isUp && (known.bridge === bridge || bridge === undefined);
      known.isUp = isUp;
      if (bridge !== undefined) this.legs.enterBridge(known, bridge);
      return isSame ? undefined : known.call;
    }
    const duration = id === link ? secondsIn(textOf(packet, 'Duration')) : undefined;
    const callId = this.joined.get(link) ?? link;
    const call =
      this.calls.get(callId) ?? this.begin(callId, duration === undefined ? undefined : now - duration * 1_000, undefined);
    const leg = this.addLeg(packet, '', id, call);
    leg.isUp = isUp;
    if (bridge !== undefined) this.legs.enterBridge(leg, bridge);
    if (leg.isPlumbing) return call;
    const isDialled = DIALLED_APPLICATION.test(textOf(packet, 'Application') ?? '');
    if (!isDialled && id === link) this.recoverCaller(call, leg, packet, dialled.get(id));
    else if (isDialled && call.to === undefined && leg.extension === undefined) call.to = knownText(packet, 'CallerIDNum');
    return call;
  }

  /** The oldest leg is the caller when it dialled into the exchange, or when it is a telephone of ours. */
  private recoverCaller(call: Call, leg: Leg, packet: Packet, dialled: string | undefined): void {
    if (dialled === undefined && leg.extension === undefined) return;
    call.caller = leg;
    call.from = this.party(packet, '');
    if (dialled === undefined) return;
    call.origin = 'dialled';
    call.fromName = knownText(packet, 'CallerIDName');
    call.to = dialled;
    call.answered = leg.isUp;
  }

  private concludeRecovery(call: Call): void {
    for (const leg of call.legs) {
      const people = this.legs.connectedWith(leg);
      if (leg.isPlumbing || people.length < 2) continue;
      leg.hasTalked = true;
      this.noteSpeaker(leg, people);
      if (leg === call.caller || call.answeredBy === 'person') continue;
      call.answered = true;
      call.answeredBy = 'person';
      call.answeredAt = undefined;
    }
  }

  private tell(call: Call, phase: Phase, part: string, now: number, more: Partial<CallPhase>): PhaseEvent {
    const { answered, answeredAt, startedAt } = call;
    const isUnseen = answered === undefined || (answered && answeredAt === undefined);
    const to = call.to ?? call.targetExtension;
    const data: CallPhase = {
      phase,
      call: call.id,
      direction: this.direction(call, to),
      from: call.from ?? null,
      fromName: call.fromName ?? null,
      to: to ?? null,
      extension: call.extension ?? null,
      channel: null,
      answered: answered ?? null,
      answeredBy: call.answeredBy ?? null,
      ringing: startedAt === undefined || isUnseen ? null : seconds(startedAt, answeredAt ?? now),
      talking: isUnseen ? null : seconds(answeredAt ?? now, now),
      duration: startedAt === undefined ? null : seconds(startedAt, now),
      cause: null,
      causeText: null,
      recording: call.recording ?? null,
      transferredTo: call.transferredTo ?? null,
      joined: null,
      recovered: call.isRecovered,
      variables: { ...call.variables },
      ...more,
    };
    return { id: [call.id, phase, part].filter(Boolean).join('/'), data };
  }

  private direction(call: Call, to: string | undefined): Direction | null {
    const isOurs = (number: string | undefined) => this.ours(number) !== undefined;
    const isFromUs = call.caller?.extension !== undefined || isOurs(call.from);
    if (!isFromUs && call.origin !== 'originated') return call.caller ? 'incoming' : null;
    if (to === undefined) return null;
    return isOurs(to) ? 'internal' : 'outgoing';
  }

  private callersExtension(call: Call): string | undefined {
    return call.caller?.extension ?? this.ours(call.from);
  }

  private ours(number: string | undefined): string | undefined {
    return number !== undefined && this.options.extensions.test(number) ? number : undefined;
  }

  /** Returns the telephone that a channel is named after, since a dialplan changes the number that is shown; else that number. */
  private party(packet: Packet, prefix: string): string | undefined {
    return this.ours(peerOf(textOf(packet, `${prefix}Channel`))) ?? knownText(packet, `${prefix}CallerIDNum`);
  }

  /** Returns the number that was dialled for a leg. A trunk has a name of its own, and then the number stands elsewhere. */
  private dialled(packet: Packet): string | undefined {
    const shown = knownText(packet, 'DestCallerIDNum');
    const own = shown === knownText(packet, 'CallerIDNum') || knownText(packet, 'Channel') === undefined;
    return (
      this.ours(peerOf(textOf(packet, 'DestChannel'))) ??
      (own ? undefined : shown) ??
      numberIn(textOf(packet, 'DialString')) ??
      shown
    );
  }
}

/** `PJSIP/79161234567@trunk`: the part behind the technology. */
function afterTech(packet: Packet): string {
  return (textOf(packet, 'Channel') ?? '').replace(/^[^/]*\//, '');
}

/** Sorts listed channels, the oldest first; of two of one second the first channel of a call comes first. */
function byAge(one: Packet, other: Packet): number {
  const age = (packet: Packet) => secondsIn(textOf(packet, 'Duration')) ?? 0;
  const isFirst = (packet: Packet) => Number(packet['Uniqueid'] === packet['Linkedid']);
  return age(other) - age(one) || isFirst(other) - isFirst(one);
}

/** `HH:MM:SS` */
function secondsIn(duration: string | undefined): number | undefined {
  const [, hours, minutes, rest] = /^(\d+):(\d\d):(\d\d)$/.exec(duration ?? '') ?? [];
  return hours === undefined ? undefined : Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest);
}

function isDialResult(name: string): boolean {
  return DIAL_RESULTS.some((result) => result === name);
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || Number.isNaN(Number(text)) ? null : Number(text);
}

/** Keeps the newest only. */
function remember(kept: Map<string, string> | Set<string>, key: string, value = ''): void {
  if (kept instanceof Map) kept.set(key, value);
  else kept.add(key);
  const [oldest] = kept.keys();
  if (kept.size > MAX_REMEMBERED && oldest !== undefined) kept.delete(oldest);
}

function seconds(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 1_000));
}
