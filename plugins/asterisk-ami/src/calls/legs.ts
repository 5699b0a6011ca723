import { knownText, textOf, type Packet } from '../ami/packet.js';

/** Channels that the exchange makes for itself: both halves of a Local channel, announcers, recorders. They are not people. */
const PLUMBING =
  /^(Local|CBAnn|CBRec|Announcer|Recorder|Surrogate|Message|Bridge|AsyncGoto|Parked|MulticastRTP|UnicastRTP|OutgoingSpoolFailed)\//;
const HALF = /^(Local\/.*);([12])$/;
/** In a bridge of this technology everybody waits and nobody hears another: parking lots, queues of agents. */
const HOLDING = 'holding_bridge';

/** One channel of a call: a telephone, a trunk line, or plumbing of the exchange. */
export interface Leg<Call> {
  readonly id: string;
  readonly channel: string;
  readonly isPlumbing: boolean;
  call: Call;
  /** Our own extension, or undefined for somebody outside. */
  readonly extension: string | undefined;
  /** True when it was answered. */
  isUp: boolean;
  /** True for a leg that an `Originate` rings before the dialplan goes on. */
  isFirstSide: boolean;
  /** True once it was connected with another person. */
  hasTalked: boolean;
  bridge: string | undefined;
  /** The Linkedid that it had before it came to this call: late events still name it. */
  formerCall: string | undefined;
}

/** The legs that exist, and which of them hear each other. */
export class Legs<Call> {
  private readonly byId = new Map<string, Leg<Call>>();
  private readonly bridges = new Map<string, Set<Leg<Call>>>();
  private readonly halves = new Map<string, Leg<Call>>();

  get ids(): readonly string[] {
    return [...this.byId.keys()];
  }

  get(id: string | undefined): Leg<Call> | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }

  add(id: string, channel: string, extension: string | undefined, call: Call): Leg<Call> {
    const leg: Leg<Call> = {
      id,
      channel,
      isPlumbing: PLUMBING.test(channel),
      call,
      extension,
      isUp: false,
      isFirstSide: false,
      hasTalked: false,
      bridge: undefined,
      formerCall: undefined,
    };
    this.byId.set(id, leg);
    if (HALF.test(channel)) this.halves.set(channel, leg);
    return leg;
  }

  remove(leg: Leg<Call>): void {
    this.leaveBridge(leg);
    this.byId.delete(leg.id);
    if (this.halves.get(leg.channel) === leg) this.halves.delete(leg.channel);
  }

  enterBridge(leg: Leg<Call>, bridge: string): void {
    this.leaveBridge(leg);
    const members = this.bridges.get(bridge) ?? new Set();
    this.bridges.set(bridge, members.add(leg));
    leg.bridge = bridge;
  }

  leaveBridge(leg: Leg<Call>): void {
    const members = this.bridges.get(leg.bridge ?? '');
    members?.delete(leg);
    if (members?.size === 0) this.bridges.delete(leg.bridge ?? '');
    leg.bridge = undefined;
  }

  /** Returns the members of the leg's bridge, the leg itself among them. */
  inBridgeWith(leg: Leg<Call>): readonly Leg<Call>[] {
    return [...(this.bridges.get(leg.bridge ?? '') ?? [])];
  }

  /** Returns the other half of a Local channel. */
  otherHalf({ channel }: Leg<Call>): Leg<Call> | undefined {
    const [, pair = '', half = ''] = HALF.exec(channel) ?? [];
    return this.halves.get(`${pair};${half === '1' ? '2' : '1'}`);
  }

  /** Returns the people who hear each other with this leg, through bridges and Local channels; the leg itself comes last. */
  connectedWith(leg: Leg<Call>): readonly Leg<Call>[] {
    const found = new Set([leg]);
    // a Set returns what is added while it is walked
    for (const one of found) {
      for (const member of this.inBridgeWith(one)) found.add(member);
      const half = this.otherHalf(one);
      if (half) found.add(half);
    }
    return [...found].filter(({ isPlumbing }) => !isPlumbing).reverse();
  }
}

/** Returns the bridge that a packet names, unless its members do not hear each other. */
export function bridgeIn(packet: Packet): string | undefined {
  return textOf(packet, 'BridgeTechnology') === HOLDING ? undefined : knownText(packet, 'BridgeUniqueid');
}

/**
 * Returns whether calls that meet in a bridge become one. Asterisk joins their Linkedids in the bridges of Dial, Queue, pickup and `Bridge`
 * (type `basic`); in a conference each call stays its own.
 */
export function joinsCalls(bridge: Packet): boolean {
  return (textOf(bridge, 'BridgeType') ?? 'basic') === 'basic';
}

/** `PJSIP/101-0000001a` is of 101. A Local channel is named after what it leads to. */
export function peerOf(channel: string | undefined): string | undefined {
  return channel === undefined || PLUMBING.test(channel)
    ? undefined
    : /^[^/]+\/([^@]+?)(?:@.*)?(?:-[\da-f]+)?$/i.exec(channel)?.[1];
}

/** `79161234567@trunk`, `trunk/sip:79161234567@host`, `101`. */
export function numberIn(dialString: string | undefined): string | undefined {
  return dialString === undefined ? undefined : /(?:^|[/:])(\+?\d+)(?:@|$)/.exec(dialString)?.[1];
}
