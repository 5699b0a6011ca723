import { DIALLED_NUMBER, TARGET_EXTENSION } from '../actions/outgoing.js';
import { variableName } from '../ami/filters.js';
import { knownText, textOf, unescaped, type Packet } from '../ami/packet.js';
import { Bridges } from './bridges.js';
import type { PhaseEvent } from './call-phase.js';
import { CallRegistry, NO_CAUSE } from './call-registry.js';
import { Dialling } from './dialling.js';
import { Endings } from './endings.js';
import { Numbers } from './numbers.js';
import { Originates } from './originates.js';
import { Phases } from './phases.js';
import { Recovery, type DialplanView } from './recovery.js';
import { Transfers } from './transfers.js';

export interface TrackerOptions {
  /** Matches our own numbers. */
  readonly extensions: RegExp;
  /** The variable that names the recording. */
  readonly recording: string;
  readonly variables: readonly string[];
}

/** The events that a tracker needs, without `VarSet`. */
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

/**
 * Channel variables that Dial and Queue set before the dialplan continues.
 *
 * Source: https://docs.asterisk.org/Asterisk_16_Documentation/API_Documentation/Dialplan_Applications/Dial/ and …/Queue/
 */
export const DIAL_RESULTS = ['DIALSTATUS', 'QUEUESTATUS'] as const;

/**
 * Turns the events of an exchange into calls (docs/decisions/0017). Channels with the same Linkedid are the legs of one call. The caller
 * is the leg that dialled into the exchange, or, where the exchange rang somebody first, our own telephone that was rung. A person has
 * answered when a leg other than the caller's hears another person: through bridges, and through Local channels, which are no people.
 */
export class CallTracker {
  private readonly registry = new CallRegistry();
  private readonly dialling: Dialling;
  private readonly bridges: Bridges;
  private readonly transfers: Transfers;
  private readonly originates: Originates;
  private readonly endings: Endings;
  private readonly recovery: Recovery;

  constructor(private readonly options: TrackerOptions) {
    const { registry } = this;
    const numbers = new Numbers(options.extensions);
    const phases = new Phases(numbers);
    this.endings = new Endings(registry, phases);
    this.dialling = new Dialling(registry, numbers, phases, this.endings);
    this.bridges = new Bridges(registry, numbers, phases, this.endings);
    this.transfers = new Transfers(registry, numbers, phases);
    this.originates = new Originates(registry, numbers, this.endings);
    this.recovery = new Recovery(registry, numbers, this.bridges);
  }

  /** Unique ids of the channels that are known to be up. */
  get channels(): readonly string[] {
    return this.registry.legs.ids;
  }

  /** True while an order may have rung nobody: `conclude` must be called each `CHANNEL_WITHIN_MS`. */
  get isWaiting(): boolean {
    return this.originates.isWaiting;
  }

  /** Returns the phases that begin with this event. */
  hear(packet: Packet, at: Date): readonly PhaseEvent[] {
    const now = at.getTime();
    const moved = this.bridges.followLink(packet, now);
    return [...moved, ...this.phasesOf(packet, now)];
  }

  /** Returns the ends of orders that have rung nobody: of those that waited at the previous call of this method, or of all. */
  conclude(which: 'due' | 'all'): readonly PhaseEvent[] {
    return this.originates.conclude(which);
  }

  /**
   * Adds the channels that `CoreShowChannels` lists. Nothing is claimed about the time before.
   *
   * @param view facts that `CoreShowChannels` does not list
   * @returns the ends of calls whose channels are in one bridge with those of an older call
   */
  recover(channels: readonly Packet[], view: DialplanView, at: Date): readonly PhaseEvent[] {
    const ends = this.recovery.recover(channels, view, at.getTime());
    for (const id of channels.map((channel) => knownText(channel, 'Uniqueid') ?? ''))
      this.originates.channelBegins(id, this.registry.legs.get(id)?.call);
    return ends;
  }

  /** Returns true for a channel whose beginning was not observed. */
  isUnknown(packet: Packet): boolean {
    return this.registry.legs.get(knownText(packet, 'Uniqueid')) === undefined;
  }

  /** Ends a channel whose hang-up was not observed, because no session was open. */
  gone(channel: string, at: Date): readonly PhaseEvent[] {
    const leg = this.registry.legs.get(channel);
    if (!leg) return [];
    leg.call.isRecovered = true;
    return this.endings.leave(leg, at.getTime(), NO_CAUSE);
  }

  private phasesOf(packet: Packet, now: number): readonly PhaseEvent[] {
    switch (textOf(packet, 'Event')) {
      case 'Newchannel':
        this.begin(packet, now);
        return [];
      case 'Newstate':
        this.dialling.changeState(packet, now);
        return [];
      case 'DialBegin':
        return this.dialling.ring(packet, now);
      case 'DialEnd':
        return this.dialling.endRinging(packet, now);
      case 'BridgeEnter':
        return this.bridges.enter(packet, now);
      case 'BridgeLeave':
        this.bridges.leave(packet);
        return [];
      case 'VarSet':
        this.setVariable(packet, now);
        return [];
      case 'BlindTransfer':
        return this.transfers.blind(packet, now);
      case 'AttendedTransfer':
        return this.transfers.attended(packet, now);
      case 'OriginateResponse':
        return this.originates.respond(packet, now);
      case 'Hangup':
        return this.hangUp(packet, now);
      default:
        return [];
    }
  }

  private begin(packet: Packet, now: number): void {
    const leg = this.dialling.legOf(packet, '', now);
    if (leg) this.originates.channelBegins(leg.id, leg.call);
  }

  private hangUp(packet: Packet, now: number): readonly PhaseEvent[] {
    const leg = this.registry.legs.get(knownText(packet, 'Uniqueid'));
    const cause = { cause: numberOf(knownText(packet, 'Cause')), causeText: knownText(packet, 'Cause-txt') ?? null };
    return leg ? this.endings.leave(leg, now, cause) : [];
  }

  private setVariable(packet: Packet, now: number): void {
    const leg = this.registry.legs.get(knownText(packet, 'Uniqueid'));
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
}

function isDialResult(name: string): boolean {
  return DIAL_RESULTS.some((result) => result === name);
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || Number.isNaN(Number(text)) ? null : Number(text);
}
