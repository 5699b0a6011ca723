import { knownText, textOf, type Packet } from '../ami/packet.js';
import type { PhaseEvent } from './call-phase.js';
import type { Call, CallRegistry, Leg } from './call-registry.js';
import type { Endings } from './endings.js';
import type { Numbers } from './numbers.js';
import { setAnswer, type Phases } from './phases.js';

/** Values of `ChannelState` (AST_STATE_… in Asterisk's channelstate.h). */
const DOWN = '0';
export const UP = '6';

/**
 * Legs from their beginning to their answer: Newchannel, Newstate, DialBegin, DialEnd.
 *
 * Source: https://docs.asterisk.org/Asterisk_16_Documentation/API_Documentation/AMI_Events/ and the recordings that the rules name.
 */
export class Dialling {
  constructor(
    private readonly registry: CallRegistry,
    private readonly numbers: Numbers,
    private readonly phases: Phases,
    private readonly endings: Endings,
  ) {}

  /**
   * Returns the leg of a packet, and adds it with its call when it is new.
   *
   * The first channel of a call has its own id as Linkedid. When it is down, the exchange itself has begun it; otherwise it dialled into
   * the exchange and is the caller. Recordings: in_answered.txt (Newchannel in state Ring), ctc_answered.txt (state Down).
   */
  legOf(packet: Packet, prefix: string, now: number): Leg | undefined {
    const id = knownText(packet, `${prefix}Uniqueid`);
    const link = knownText(packet, `${prefix}Linkedid`);
    if (id === undefined || link === undefined) return undefined;
    const known = this.registry.legs.get(id);
    if (known) return known;
    const isOriginated = id === link && textOf(packet, `${prefix}ChannelState`) === DOWN;
    const call = this.registry.findOrBegin(link, now, id === link ? (isOriginated ? 'originated' : 'dialled') : undefined);
    const channel = textOf(packet, `${prefix}Channel`) ?? '';
    const leg = this.registry.addLeg(id, channel, this.numbers.extensionOf(channel), call);
    if (id !== link) return leg;
    leg.isFirstSide = call.origin === 'originated';
    if (call.origin === 'dialled') {
      call.caller = leg;
      call.from = this.numbers.party(packet, prefix);
      call.fromName = knownText(packet, `${prefix}CallerIDName`);
      call.to = knownText(packet, `${prefix}Exten`);
    }
    return leg;
  }

  /** A caller's leg that goes up before a leg was picked up was answered by the dialplan. Recording: ivr.txt. */
  changeState(packet: Packet, now: number): void {
    const leg = this.registry.legs.get(knownText(packet, 'Uniqueid'));
    if (!leg || leg.isUp || textOf(packet, 'ChannelState') !== UP) return;
    leg.isUp = true;
    const { call } = leg;
    if (leg === call.caller && call.pickedUpAt === undefined) call.dialplanAnsweredAt ??= now;
  }

  /** Handles `DialBegin`. Halves of Local channels ring no person. Recordings: group.txt, group_local.txt. */
  ring(packet: Packet, now: number): readonly PhaseEvent[] {
    const source = this.legOf(packet, '', now);
    const leg = this.legOf(packet, 'Dest', now);
    if (!leg) return [];
    const { call } = source ?? leg;
    const isFirst = this.isFirstSide(source);
    leg.isFirstSide ||= isFirst;
    if (leg.isPlumbing) return [];
    if (isFirst && call.origin === 'originated') this.ringFirst(call, leg, packet);
    else this.ringNext(call, packet);
    const extension = leg.extension ?? this.numbers.callersExtension(call) ?? null;
    if (call.answeredBy !== 'person') call.extension = extension ?? call.extension;
    return [this.phases.of(call, 'ringing', leg.id, now, { extension, channel: leg.channel })];
  }

  /**
   * Handles `DialEnd`. The leg of a person whom the exchange called for a campaign has talked from then on; our own telephone that is
   * picked up first becomes the caller. Recordings: dial_person_pjsip.txt, ctc_answered.txt.
   */
  endRinging(packet: Packet, now: number): readonly PhaseEvent[] {
    const { legs } = this.registry;
    const leg = legs.get(knownText(packet, 'DestUniqueid'));
    if (!leg || textOf(packet, 'DialStatus') !== 'ANSWER') return [];
    leg.isUp = true;
    const source = legs.get(knownText(packet, 'Uniqueid'));
    // a telephone that picks up the call of another telephone has called the exchange for it: pickup.txt
    const moved = source && source.call !== leg.call ? this.endings.move(leg, source.call, now) : [];
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
    setAnswer(call, 'person', now);
    const more = { extension: leg.extension ?? null, channel: leg.channel };
    return [...moved, this.phases.of(call, 'answered', leg.id, now, more)];
  }

  /**
   * Returns whether a leg is dialled for the first side of an originated call: no leg dials it, or the second half of a Local channel on
   * that side does. Recording: ctc_local.txt.
   */
  private isFirstSide(source: Leg | undefined): boolean {
    if (!source) return true;
    return source.isPlumbing && source.channel.endsWith(';2') && this.registry.legs.otherHalf(source)?.isFirstSide === true;
  }

  /** The first leg of an originated call is our own telephone, whose owner then calls somebody, or the person who is called. */
  private ringFirst(call: Call, leg: Leg, packet: Packet): void {
    const number = call.dialledNumber ?? this.numbers.dialled(packet);
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
      // the dialplan sets numbers after the channel has begun
      call.from ??= this.numbers.party(packet, '');
      call.fromName ??= knownText(packet, 'CallerIDName');
    }
    call.to ??= call.targetExtension ?? this.numbers.dialled(packet);
  }
}
