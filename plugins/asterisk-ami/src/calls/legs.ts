/** Channels that the exchange makes for its own use: both halves of a Local channel, announcers, recorders. They are no people. */
const PLUMBING =
  /^(Local|CBAnn|CBRec|Announcer|Recorder|Surrogate|Message|Bridge|AsyncGoto|Parked|MulticastRTP|UnicastRTP|OutgoingSpoolFailed)\//;
const HALF = /^(Local\/.*);([12])$/;

/** One channel of a call: a telephone, a trunk line, or an internal channel of the exchange. */
export interface Leg<Call> {
  readonly id: string;
  readonly channel: string;
  readonly isPlumbing: boolean;
  call: Call;
  /** Our own extension; undefined: a party outside. */
  readonly extension: string | undefined;
  /** True when it was answered. */
  isUp: boolean;
  /** True for a leg that an `Originate` rings before the dialplan continues. */
  isFirstSide: boolean;
  /** True once it was connected with another person. */
  hasTalked: boolean;
  bridge: string | undefined;
  /** The Linkedid that it had before it came to this call: late events still name it. */
  formerCall: string | undefined;
}

/** The legs that exist, and their connections through bridges. */
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

  /**
   * Returns the people that hear each other with this leg, through bridges and Local channels; the leg itself comes last. Recordings:
   * group_local.txt, queue_local.txt.
   */
  connectedWith(leg: Leg<Call>): readonly Leg<Call>[] {
    const found = new Set([leg]);
    // the iteration over a Set includes elements that are added meanwhile
    for (const one of found) {
      for (const member of this.inBridgeWith(one)) found.add(member);
      const half = this.otherHalf(one);
      if (half) found.add(half);
    }
    return [...found].filter(({ isPlumbing }) => !isPlumbing).reverse();
  }
}

/** Returns `101` of `PJSIP/101-0000001a`. A Local channel has the name of its target, which is no telephone. */
export function peerOf(channel: string | undefined): string | undefined {
  return channel === undefined || PLUMBING.test(channel)
    ? undefined
    : /^[^/]+\/([^@]+?)(?:@.*)?(?:-[\da-f]+)?$/i.exec(channel)?.[1];
}
