import type { AmiClient } from '../client.js';
import type { CallTracker, DialplanView, PhaseEvent } from './call-tracker.js';
import type { EventHandler } from '../ami/event-board.js';
import { unlessRefused } from '../failures.js';
import { bridgeIn, joinsCalls } from './legs.js';
import { timeOf } from '../triggers/listening.js';
import { knownText, textOf, type Packet } from '../ami/packet.js';

/** Keeps a tracker true to the exchange: what it hears goes there, and after a gap it asks which channels are up. */
export class CallListener implements EventHandler {
  /** While the channels are being listed: an answer in a call that is not known yet would say nothing. */
  private early: Packet[] | undefined = [];
  private learning: Promise<void> = Promise.resolve();

  /** `give` must not throw. */
  constructor(
    private readonly client: AmiClient,
    private readonly tracker: CallTracker,
    private readonly give: (told: PhaseEvent, at: Date) => void,
  ) {}

  readonly hear = (packet: Packet): void => {
    if (this.early) return void this.early.push(packet);
    const at = timeOf(packet, this.client.host);
    this.tell(this.tracker.hear(packet, at), at);
  };

  readonly missed = (): void =>
    void this.catchUp().catch((error: unknown) =>
      this.client.host.log.warn(`${this.client.where}: calls that ended unseen are closed in the next session`, {
        reason: String(error),
      }),
    );

  /** Learns which calls are up, and finishes those that have ended unseen. Rejects when the exchange does not list its channels. */
  catchUp(): Promise<void> {
    this.learning = this.learning.catch(() => undefined).then(() => this.learn());
    return this.learning;
  }

  private async learn(): Promise<void> {
    this.early ??= [];
    const before = this.tracker.channels;
    try {
      const { items } = await this.client.list({ Action: 'CoreShowChannels' });
      const begun = new Set(this.early.filter((packet) => packet['Event'] === 'Newchannel').map((packet) => packet['Uniqueid']));
      // a call that began meanwhile is known from its events as a whole
      const missed = items.filter((channel) => !begun.has(channel['Linkedid']));
      const more = { dialled: await this.dialledNumbers(missed), ...(await this.bridges(missed)) };
      const at = this.client.host.now();
      this.tell(this.tracker.recover(missed, more, at), at);
      this.hearTheEarly();
      const up = new Set(items.map((channel) => channel['Uniqueid']));
      for (const channel of before) if (!up.has(channel)) this.tell(this.tracker.gone(channel, at), at);
    } finally {
      this.hearTheEarly();
    }
  }

  /** Returns, by unique id of the oldest channel of each unknown call, the number that it dialled when it came into the exchange. */
  private async dialledNumbers(channels: readonly Packet[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const channel of channels) {
      const id = textOf(channel, 'Uniqueid') ?? '';
      if (id !== channel['Linkedid'] || !this.tracker.isUnknown(channel)) continue;
      const answer = await unlessRefused(this.client.ask({ Action: 'Getvar', Channel: id, Variable: 'CALLERID(dnid)' }));
      const number = answer && knownText(answer, 'Value');
      if (number !== undefined) found.set(id, number);
    }
    return found;
  }

  /** Returns the bridges of those who wait, such as parking lots, and conferences. */
  private async bridges(channels: readonly Packet[]): Promise<Omit<DialplanView, 'dialled'>> {
    const isAnyBridged = channels.some((channel) => knownText(channel, 'BridgeId') !== undefined);
    const answer = isAnyBridged ? await unlessRefused(this.client.list({ Action: 'BridgeList' })) : undefined;
    const bridges = answer?.items ?? [];
    const idsOf = (some: readonly Packet[]) => new Set(some.map((bridge) => textOf(bridge, 'BridgeUniqueid') ?? ''));
    return {
      holdingBridges: idsOf(bridges.filter((bridge) => bridgeIn(bridge) === undefined)),
      conferences: idsOf(bridges.filter((bridge) => !joinsCalls(bridge))),
    };
  }

  private hearTheEarly(): void {
    const early = this.early ?? [];
    this.early = undefined;
    early.forEach(this.hear);
  }

  private tell(told: readonly PhaseEvent[], at: Date): void {
    for (const one of told) this.give(one, at);
  }
}
