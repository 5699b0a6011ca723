import { knownText, textOf, type Packet } from './packet.js';
import { variableName } from './filters.js';

export const PHASES = ['ringing', 'answered', 'transferred', 'finished'] as const;

export type Phase = (typeof PHASES)[number];
export type Direction = 'incoming' | 'outgoing' | 'internal';

/** What is known of a call when one of its phases begins. */
export interface CallPhase {
  readonly phase: Phase;
  /** Linkedid: all legs of a call have it. */
  readonly call: string;
  /** `incoming` comes from outside, `outgoing` goes there. */
  readonly direction: Direction;
  /** Who calls, and whom: numbers as the exchange has them. */
  readonly from: string | null;
  readonly fromName: string | null;
  readonly to: string | null;
  /** Whom of our own people this phase concerns: who is rung, who has answered, who speaks. */
  readonly extension: string | null;
  /** Of the leg that rings or has answered. */
  readonly channel: string | null;
  readonly answered: boolean;
  /** Seconds until the first answer, of talk since then, and altogether. */
  readonly ringing: number;
  readonly talking: number;
  readonly duration: number;
  /** Why it ended: a number of Q.850, and Asterisk's words for it. */
  readonly cause: number | null;
  readonly causeText: string | null;
  /** Where it is recorded. */
  readonly recording: string | null;
  readonly transferredTo: string | null;
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

/** A phase, and what tells it from all others. */
export interface Told {
  readonly id: string;
  readonly data: CallPhase;
}

interface Call {
  id: string;
  readonly startedAt: number;
  readonly channels: Set<string>;
  /** Legs that ring, by unique id. */
  readonly ringing: Map<string, string | undefined>;
  direction: Direction | undefined;
  from: string | undefined;
  fromName: string | undefined;
  to: string | undefined;
  extension: string | undefined;
  answeredAt: number | undefined;
  recording: string | undefined;
  transferredTo: string | undefined;
  transfers: number;
  readonly variables: Record<string, string>;
}

/** The events that a tracker lives on. */
export const TRACKED = [
  'Newchannel',
  'DialBegin',
  'DialEnd',
  'BridgeEnter',
  'BlindTransfer',
  'AttendedTransfer',
  'Hangup',
] as const;

/** Calls whose end was never told must not fill the memory. */
const MOST_CALLS = 20_000;

/** Makes calls of the events of an exchange: the legs of a call are those channels that share a Linkedid. */
export class CallTracker {
  private readonly calls = new Map<string, Call>();
  private readonly byChannel = new Map<string, Call>();

  constructor(private readonly options: TrackerOptions) {}

  /** Unique ids of the channels that are known to be up. */
  get channels(): readonly string[] {
    return [...this.byChannel.keys()];
  }

  /** The phases that begin with this event. */
  hear(packet: Packet, at: Date): readonly Told[] {
    const now = at.getTime();
    switch (textOf(packet, 'Event')) {
      case 'Newchannel':
      case 'CoreShowChannel':
        this.callOf(packet, now);
        return [];
      case 'DialBegin':
        return this.ring(packet, now);
      case 'DialEnd':
        return this.endOfRinging(packet, now);
      case 'BridgeEnter':
        this.join(packet);
        return [];
      case 'VarSet':
        this.setVariable(packet);
        return [];
      case 'BlindTransfer':
        return this.transfer(packet, 'Transferer', knownText(packet, 'Extension'), now);
      case 'AttendedTransfer':
        return this.transfer(packet, 'OrigTransferer', this.target(packet), now);
      case 'Hangup':
        return this.leave(
          knownText(packet, 'Uniqueid') ?? '',
          now,
          Number(textOf(packet, 'Cause')),
          knownText(packet, 'Cause-txt'),
        );
      default:
        return [];
    }
  }

  /** A channel that has gone without a word, while nobody listened. */
  gone(channel: string, at: Date): readonly Told[] {
    return this.leave(channel, at.getTime(), undefined, undefined);
  }

  private callOf(packet: Packet, now: number, prefix = ''): Call | undefined {
    const id = knownText(packet, `${prefix}Linkedid`);
    const channel = knownText(packet, `${prefix}Uniqueid`);
    if (id === undefined || channel === undefined) return undefined;
    const call = this.calls.get(id) ?? this.begin(id, packet, prefix, now);
    call.channels.add(channel);
    this.byChannel.set(channel, call);
    return call;
  }

  private begin(id: string, packet: Packet, prefix: string, now: number): Call {
    const call: Call = {
      id,
      startedAt: now,
      channels: new Set(),
      ringing: new Map(),
      direction: undefined,
      from: this.party(packet, prefix),
      fromName: knownText(packet, `${prefix}CallerIDName`),
      to: knownText(packet, `${prefix}Exten`),
      extension: undefined,
      answeredAt: undefined,
      recording: undefined,
      transferredTo: undefined,
      transfers: 0,
      variables: {},
    };
    this.calls.set(id, call);
    const [oldest] = this.calls.values();
    if (this.calls.size > MOST_CALLS && oldest) this.forget(oldest);
    return call;
  }

  private ring(packet: Packet, now: number): readonly Told[] {
    const call = this.callOf(packet, now) ?? this.callOf(packet, now, 'Dest');
    const leg = knownText(packet, 'DestUniqueid');
    if (!call || leg === undefined) return [];
    this.callOf(packet, now, 'Dest');
    // numbers are set in the dialplan, after the channel has begun
    const caller = this.party(packet, '') ?? (call.from === undefined ? knownText(packet, 'DestCallerIDNum') : undefined);
    call.from ??= caller;
    call.fromName ??= knownText(packet, 'CallerIDName');
    const dialled = this.dialled(packet);
    call.to ??= dialled;
    call.direction ??= this.direction(call.from, dialled);
    const extension = this.ours(dialled) ?? this.ours(caller);
    call.ringing.set(leg, extension);
    call.extension = this.ours(extension) ?? call.extension;
    return [
      this.tell(call, 'ringing', leg, now, { extension: extension ?? null, channel: knownText(packet, 'DestChannel') ?? null }),
    ];
  }

  private endOfRinging(packet: Packet, now: number): readonly Told[] {
    const leg = knownText(packet, 'DestUniqueid') ?? '';
    const call = this.byChannel.get(leg);
    if (!call) return [];
    const extension = call.ringing.get(leg) ?? call.extension;
    call.ringing.delete(leg);
    if (textOf(packet, 'DialStatus') !== 'ANSWER') return [];
    call.answeredAt ??= now;
    call.extension = extension;
    return [
      this.tell(call, 'answered', leg, now, { extension: extension ?? null, channel: knownText(packet, 'DestChannel') ?? null }),
    ];
  }

  /** Two calls become one in a bridge: from then on their channels have one Linkedid. */
  private join(packet: Packet): void {
    const channel = knownText(packet, 'Uniqueid') ?? '';
    const before = this.byChannel.get(channel);
    const call = this.calls.get(knownText(packet, 'Linkedid') ?? '');
    if (!before || !call || before === call) return;
    before.channels.delete(channel);
    call.channels.add(channel);
    this.byChannel.set(channel, call);
    call.answeredAt ??= before.answeredAt;
    if (before.channels.size === 0) this.calls.delete(before.id);
  }

  private setVariable(packet: Packet): void {
    const call = this.byChannel.get(knownText(packet, 'Uniqueid') ?? '');
    const name = variableName(textOf(packet, 'Variable') ?? '');
    const value = textOf(packet, 'Value') ?? '';
    if (!call) return;
    if (name === this.options.recording && value !== '') call.recording = value;
    if (this.options.variables.includes(name)) call.variables[name] = value;
  }

  private transfer(packet: Packet, by: string, to: string | undefined, now: number): readonly Told[] {
    const call = this.byChannel.get(knownText(packet, `${by}Uniqueid`) ?? '');
    if (!call || textOf(packet, 'Result') !== 'Success') return [];
    call.transferredTo = to;
    const extension = this.ours(this.party(packet, by)) ?? call.extension;
    return [this.tell(call, 'transferred', String(++call.transfers), now, { extension: extension ?? null })];
  }

  private target(packet: Packet): string | undefined {
    return this.party(packet, 'TransferTarget') ?? knownText(packet, 'SecondTransfererConnectedLineNum');
  }

  private leave(channel: string, now: number, cause: number | undefined, text: string | undefined): readonly Told[] {
    const call = this.byChannel.get(channel);
    if (!call) return [];
    this.byChannel.delete(channel);
    call.channels.delete(channel);
    call.ringing.delete(channel);
    if (call.channels.size > 0) return [];
    this.calls.delete(call.id);
    return [this.tell(call, 'finished', '', now, { cause: cause ?? null, causeText: text ?? null })];
  }

  private forget(call: Call): void {
    this.calls.delete(call.id);
    for (const channel of call.channels) this.byChannel.delete(channel);
  }

  private tell(call: Call, phase: Phase, part: string, now: number, more: Partial<CallPhase>): Told {
    const answered = call.answeredAt;
    const data: CallPhase = {
      phase,
      call: call.id,
      direction: call.direction ?? this.direction(call.from, call.to),
      from: call.from ?? null,
      fromName: call.fromName ?? null,
      to: call.to ?? null,
      extension: call.extension ?? null,
      channel: null,
      answered: answered !== undefined,
      ringing: seconds(call.startedAt, answered ?? now),
      talking: seconds(answered ?? now, now),
      duration: seconds(call.startedAt, now),
      cause: null,
      causeText: null,
      recording: call.recording ?? null,
      transferredTo: call.transferredTo ?? null,
      variables: { ...call.variables },
      ...more,
    };
    return { id: [call.id, phase, part].filter(Boolean).join('/'), data };
  }

  private direction(from: string | undefined, to: string | undefined): Direction {
    if (this.ours(from) === undefined) return 'incoming';
    return this.ours(to) === undefined ? 'outgoing' : 'internal';
  }

  private ours(number: string | undefined): string | undefined {
    return number !== undefined && this.options.extensions.test(number) ? number : undefined;
  }

  /**
   * Whose channel it is: the phone that it is named after, since a dialplan changes the number that is shown; else that number. A Local
   * channel is named after what it leads to.
   */
  private party(packet: Packet, prefix: string): string | undefined {
    const channel = textOf(packet, `${prefix}Channel`);
    const phone = channel?.startsWith('Local/') ? undefined : this.ours(peerOf(channel));
    return phone ?? knownText(packet, `${prefix}CallerIDNum`);
  }

  /** What was dialled for a leg. A trunk has a name of its own, and then the number stands elsewhere. */
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

/** `PJSIP/101-0000001a` and `Local/101@internal-0000001a;1` are of 101. */
function peerOf(channel: string | undefined): string | undefined {
  return channel === undefined ? undefined : /^[^/]+\/([^@]+?)(?:@.*)?(?:-[\da-f]+(?:;\d)?)?$/i.exec(channel)?.[1];
}

/** `79161234567@trunk`, `trunk/sip:79161234567@host`, `101`. */
function numberIn(dialString: string | undefined): string | undefined {
  return dialString === undefined ? undefined : /(?:^|[/:])(\+?\d+)(?:@|$)/.exec(dialString)?.[1];
}

function seconds(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 1_000));
}
