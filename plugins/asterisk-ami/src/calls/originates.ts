import { knownText, textOf, type Packet } from '../ami/packet.js';
import type { PhaseEvent } from './call-phase.js';
import { NO_CAUSE, type Call, type CallRegistry } from './call-registry.js';
import type { Endings } from './endings.js';
import type { Numbers } from './numbers.js';

/**
 * Minimum time in which the events of a channel may follow an `OriginateResponse` that overtook them. Asterisk publishes the response
 * beside the events of channels: of 150 failed calls at once on a busy Asterisk 16.28, 38 responses came before `Newchannel`, by up to 1.5
 * s.
 */
export const CHANNEL_WITHIN_MS = 5_000;
/** Maximum number of responses that wait for their channel; with more, the oldest ends its call early. */
const MAX_RESPONSES = 1_000;

interface Response {
  readonly packet: Packet;
  /** Milliseconds since 1970, by the clock of the exchange. */
  readonly at: number;
  /** True when it has waited since before the last call of `conclude`. */
  isDue: boolean;
}

/**
 * Results of `Originate`: OriginateResponse.
 *
 * The response of a failed call is the only event of a call that rang nobody, because there is no such telephone or trunk
 * (ctc_nowhere.txt). It has the same fields as the response of a call that was refused and has a channel of its own (dial_cong_local.txt),
 * so only the absence of the channel shows the difference.
 */
export class Originates {
  /** Responses without a channel yet, by the id of the call, in order of arrival. */
  private readonly waiting = new Map<string, Response>();

  constructor(
    private readonly registry: CallRegistry,
    private readonly numbers: Numbers,
    private readonly endings: Endings,
  ) {}

  get isWaiting(): boolean {
    return this.waiting.size > 0;
  }

  respond(packet: Packet, now: number): readonly PhaseEvent[] {
    const id = knownText(packet, 'Uniqueid') ?? knownText(packet, 'ActionID');
    if (id === undefined) return [];
    const call = this.registry.legs.get(id)?.call ?? this.registry.find(id);
    if (call) learnTarget(call, packet);
    else if (!this.registry.takeEndedOriginated(id)) this.waiting.set(id, { packet, at: now, isDue: false });
    const [oldest] = this.waiting.keys();
    return this.waiting.size > MAX_RESPONSES && oldest !== undefined ? this.end(oldest, now) : [];
  }

  /** Applies a response that came before the channel of its call. */
  channelBegins(id: string, call: Call | undefined): void {
    const response = this.waiting.get(id);
    if (!response) return;
    this.waiting.delete(id);
    if (call) learnTarget(call, response.packet);
  }

  /**
   * Returns the ends of calls that rang nobody: of those that already waited at the previous call of this method, or of all. The order of
   * calls decides and not a clock, because the clock of the exchange is another one.
   */
  conclude(which: 'due' | 'all'): readonly PhaseEvent[] {
    const due = [...this.waiting].filter(([, { isDue }]) => isDue || which === 'all');
    const ends = due.flatMap(([id, { at }]) => this.end(id, at));
    for (const response of this.waiting.values()) response.isDue = true;
    return ends;
  }

  private end(id: string, now: number): readonly PhaseEvent[] {
    const packet = this.waiting.get(id)?.packet ?? {};
    this.waiting.delete(id);
    if (textOf(packet, 'Response') === 'Success') return [];
    const number = this.numbers.dialled({
      ...packet,
      DestChannel: `${textOf(packet, 'Channel')}-0`,
      DialString: withoutTechnology(packet),
    });
    const own = this.numbers.ours(number);
    const call = this.registry.begin(id, now, 'originated');
    call.from = own ?? knownText(packet, 'CallerIDNum');
    call.to = own === undefined ? number : knownText(packet, 'Exten');
    call.extension = own;
    return this.endings.finish(call, now, NO_CAUSE);
  }
}

/** `s` is the extension of dialplans without a number. */
function learnTarget(call: Call, packet: Packet): void {
  const exten = knownText(packet, 'Exten');
  if (call.called === undefined && exten !== 's') call.to ??= exten;
}

/** Returns `79161234567@trunk` of the channel `PJSIP/79161234567@trunk`. */
function withoutTechnology(packet: Packet): string {
  return (textOf(packet, 'Channel') ?? '').replace(/^[^/]*\//, '');
}
