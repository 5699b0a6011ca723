import { knownText, textOf, type Packet } from '../ami/packet.js';
import type { Bridges } from './bridges.js';
import type { PhaseEvent } from './call-phase.js';
import type { Call, CallRegistry, Leg } from './call-registry.js';
import { UP } from './dialling.js';
import type { Numbers } from './numbers.js';

/** Facts about channels that `CoreShowChannels` does not list. */
export interface DialplanView {
  /** The number with which a channel dialled into the exchange, by unique id. */
  readonly dialled: ReadonlyMap<string, string>;
  /** Bridges whose members do not hear each other. */
  readonly holdingBridges: ReadonlySet<string>;
  /** Bridges whose members hear each other and stay calls of their own. */
  readonly conferences: ReadonlySet<string>;
}

/** Applications that a dialled channel shows: AppDial and AppDial2 (Dial, Originate), AppQueue (Queue), AppFollowme (FollowMe). */
const DIALLED_APPLICATION = /^App(Dial|Queue|Followme)/i;

/** Adds calls that began while no session was open. Nothing is claimed about the time before: it stays `null`. */
export class Recovery {
  constructor(
    private readonly registry: CallRegistry,
    private readonly numbers: Numbers,
    private readonly bridges: Bridges,
  ) {}

  /**
   * Adds the channels that `CoreShowChannels` lists.
   *
   * @returns the ends of calls whose channels are in one bridge with those of an older call
   */
  recover(channels: readonly Packet[], view: DialplanView, now: number): readonly PhaseEvent[] {
    const changed = new Set<Call>();
    for (const packet of [...channels].sort(byAge)) {
      const call = this.recoverLeg(packet, view, now);
      if (call) changed.add(call);
    }
    for (const call of changed) call.isRecovered = true;
    const legs = [...changed].flatMap((call) => [...call.legs]).filter(({ bridge }) => !view.conferences.has(bridge ?? ''));
    const ends = legs.flatMap((leg) => this.bridges.joinCalls(leg, now));
    for (const call of changed) this.recoverAnswer(call);
    return ends;
  }

  /** Returns the call when the channel is new or has changed unobserved. */
  private recoverLeg(packet: Packet, { dialled, holdingBridges }: DialplanView, now: number): Call | undefined {
    const id = knownText(packet, 'Uniqueid');
    const link = knownText(packet, 'Linkedid');
    if (id === undefined || link === undefined) return undefined;
    const { legs } = this.registry;
    const known = legs.get(id);
    const isUp = textOf(packet, 'ChannelState') === UP;
    const listed = knownText(packet, 'BridgeId');
    const bridge = listed !== undefined && holdingBridges.has(listed) ? undefined : listed;
    if (known) {
      const isSame = known.isUp === isUp && (known.bridge === bridge || bridge === undefined);
      known.isUp = isUp;
      if (bridge !== undefined) legs.enterBridge(known, bridge);
      return isSame ? undefined : known.call;
    }
    const duration = id === link ? secondsIn(textOf(packet, 'Duration')) : undefined;
    const call = this.registry.findOrBegin(link, duration === undefined ? undefined : now - duration * 1_000, undefined);
    const channel = textOf(packet, 'Channel') ?? '';
    const leg = this.registry.addLeg(id, channel, this.numbers.extensionOf(channel), call);
    leg.isUp = isUp;
    if (bridge !== undefined) legs.enterBridge(leg, bridge);
    if (leg.isPlumbing) return call;
    const isDialled = DIALLED_APPLICATION.test(textOf(packet, 'Application') ?? '');
    if (!isDialled && id === link) this.recoverCaller(call, leg, packet, dialled.get(id));
    else if (isDialled && call.to === undefined && leg.extension === undefined) call.to = knownText(packet, 'CallerIDNum');
    return call;
  }

  /** The oldest leg is the caller when it dialled into the exchange, or when it is one of our telephones. */
  private recoverCaller(call: Call, leg: Leg, packet: Packet, dialled: string | undefined): void {
    if (dialled === undefined && leg.extension === undefined) return;
    call.caller = leg;
    call.from = this.numbers.party(packet, '');
    if (dialled === undefined) return;
    call.origin = 'dialled';
    call.fromName = knownText(packet, 'CallerIDName');
    call.to = dialled;
    call.answered = leg.isUp;
  }

  /** A call in which people hear each other was answered by a person, at a time that is not known. */
  private recoverAnswer(call: Call): void {
    for (const leg of call.legs) {
      const people = this.registry.legs.connectedWith(leg);
      if (leg.isPlumbing || people.length < 2) continue;
      leg.hasTalked = true;
      this.bridges.noteSpeaker(leg, people);
      if (leg === call.caller || call.answeredBy === 'person') continue;
      call.answered = true;
      call.answeredBy = 'person';
      call.answeredAt = undefined;
    }
  }
}

/** Sorts listed channels, the oldest first; of two of one second the first channel of a call comes first. */
function byAge(one: Packet, other: Packet): number {
  const age = (packet: Packet) => secondsIn(textOf(packet, 'Duration')) ?? 0;
  const isFirst = (packet: Packet) => Number(packet['Uniqueid'] === packet['Linkedid']);
  return age(other) - age(one) || isFirst(other) - isFirst(one);
}

/** Returns the seconds of `HH:MM:SS`. */
function secondsIn(duration: string | undefined): number | undefined {
  const [, hours, minutes, rest] = /^(\d+):(\d\d):(\d\d)$/.exec(duration ?? '') ?? [];
  return hours === undefined ? undefined : Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest);
}
