import { knownText, textOf, type Packet } from '../ami/packet.js';
import type { PhaseEvent } from './call-phase.js';
import type { CallRegistry, Leg } from './call-registry.js';
import type { Endings } from './endings.js';
import type { Numbers } from './numbers.js';
import { setAnswer, type Phases } from './phases.js';

/** In a bridge of this technology the members wait and do not hear each other: parking lots, queues of agents. Recording: park.txt. */
const HOLDING = 'holding_bridge';

/** Connections between people: BridgeEnter, BridgeLeave, and channels whose Linkedid changes. */
export class Bridges {
  constructor(
    private readonly registry: CallRegistry,
    private readonly numbers: Numbers,
    private readonly phases: Phases,
    private readonly endings: Endings,
  ) {}

  enter(packet: Packet, now: number): readonly PhaseEvent[] {
    const { legs } = this.registry;
    const leg = legs.get(knownText(packet, 'Uniqueid'));
    const bridge = bridgeIn(packet);
    if (!leg) return [];
    if (bridge === undefined) {
      legs.leaveBridge(leg);
      return [];
    }
    legs.enterBridge(leg, bridge);
    return [...(joinsCalls(packet) ? this.joinCalls(leg, now) : []), ...this.connect(leg, now)];
  }

  leave(packet: Packet): void {
    const leg = this.registry.legs.get(knownText(packet, 'Uniqueid'));
    if (leg) this.registry.legs.leaveBridge(leg);
  }

  /** Calls that meet in a bridge become one. Asterisk keeps the Linkedid of the oldest. Recording: bridge_two.txt. */
  joinCalls(leg: Leg, now: number): readonly PhaseEvent[] {
    const members = this.registry.legs.inBridgeWith(leg);
    const calls = new Set(members.map(({ call }) => call));
    if (calls.size < 2) return [];
    const oldest = this.registry.oldestOf(calls);
    return members.flatMap((member) => (oldest && member.call !== oldest ? this.endings.move(member, oldest, now) : []));
  }

  /** Moves a leg whose Linkedid has changed, because Asterisk has joined two calls. Recordings: pickup.txt, park.txt, bridge_two.txt. */
  followLink(packet: Packet, now: number): readonly PhaseEvent[] {
    const leg = this.registry.legs.get(knownText(packet, 'Uniqueid'));
    const link = knownText(packet, 'Linkedid');
    if (!leg || link === undefined || link === leg.formerCall) return [];
    const call = this.registry.find(link);
    return call && call !== leg.call ? this.endings.move(leg, call, now) : [];
  }

  /**
   * Stores the extension that speaks in a call: one of our people who hears somebody outside, and in an internal call one who is not the
   * caller.
   */
  noteSpeaker(person: Leg, people: readonly Leg[]): void {
    const { call, extension } = person;
    if (extension === undefined) return;
    const isOutside = (leg: Leg) => !leg.isPlumbing && leg.extension === undefined;
    const isInternal = ![...call.legs].some(isOutside);
    if (people.some(isOutside) || (isInternal && person !== call.caller)) call.extension = extension;
  }

  /** Returns the answers of people who hear another person for the first time. */
  private connect(leg: Leg, now: number): readonly PhaseEvent[] {
    const people = this.registry.legs.connectedWith(leg);
    if (people.length < 2) return [];
    for (const person of people) this.noteSpeaker(person, people);
    return people.flatMap((person) => {
      if (person.hasTalked) return [];
      person.hasTalked = true;
      const { call } = person;
      if (person === call.caller) return [];
      setAnswer(call, 'person', now);
      const extension = person.extension ?? this.numbers.callersExtension(call) ?? null;
      return [this.phases.of(call, 'answered', person.id, now, { extension, channel: person.channel })];
    });
  }
}

/** Returns the bridge that a packet names, unless its members do not hear each other. */
export function bridgeIn(packet: Packet): string | undefined {
  return textOf(packet, 'BridgeTechnology') === HOLDING ? undefined : knownText(packet, 'BridgeUniqueid');
}

/**
 * Returns whether calls that meet in a bridge become one. Asterisk joins their Linkedids in the bridges of Dial, Queue, pickup and `Bridge`
 * (type `basic`); in a conference each call keeps its own (docs/decisions/0029).
 */
export function joinsCalls(bridge: Packet): boolean {
  return (textOf(bridge, 'BridgeType') ?? 'basic') === 'basic';
}
