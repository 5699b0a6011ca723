import type { Timer } from '@sluice/plugin-api';
import type { EventHandler } from '../ami/event-board.js';
import { knownText, textOf, type Packet } from '../ami/packet.js';
import type { AmiClient } from '../client.js';
import { unlessRefused } from '../failures.js';
import { timeOf } from '../triggers/listening.js';
import { bridgeIn, joinsCalls } from './bridges.js';
import type { PhaseEvent } from './call-phase.js';
import type { CallTracker } from './call-tracker.js';
import { CHANNEL_WITHIN_MS } from './originates.js';
import type { DialplanView } from './recovery.js';

/** Passes the events of a session to a tracker, and after a gap asks the exchange which channels are up. */
export class CallListener implements EventHandler {
  /** Events that arrive while the channels are being listed: an answer in a call that is not known yet would be lost. */
  private early: Packet[] | undefined = [];
  private learning: Promise<void> = Promise.resolve();
  private conclusion: Timer | undefined;
  /** After the end of a session its tracker belongs to the listener of the next one. */
  private isStopped = false;

  /**
   * @param report receives each phase with its time; it must not throw
   * @param channelWithinMs milliseconds between two looks for orders that rang nobody
   */
  constructor(
    private readonly client: AmiClient,
    private readonly tracker: CallTracker,
    private readonly report: (phase: PhaseEvent, at: Date) => void,
    private readonly channelWithinMs = CHANNEL_WITHIN_MS,
  ) {}

  readonly hear = (packet: Packet): void => {
    if (this.isStopped) return;
    if (this.early) return void this.early.push(packet);
    const at = timeOf(packet, this.client.host);
    this.reportAll(this.tracker.hear(packet, at), at);
    this.concludeLater();
  };

  readonly missed = (): void =>
    void this.catchUp().catch((error: unknown) =>
      this.client.host.log.warn(`${this.client.where}: calls that ended unobserved are finished in the next session`, {
        reason: String(error),
      }),
    );

  /** Finds the calls that are up, and finishes those that ended unobserved. Rejects when the exchange does not list its channels. */
  catchUp(): Promise<void> {
    this.learning = this.learning.catch(() => undefined).then(() => this.learn());
    return this.learning;
  }

  /**
   * Stops waiting for channels of orders. When the session goes on without this listener, the orders have rung nobody. After the call the
   * listener reports no phases, starts no timers and leaves the tracker unchanged, also when a listing of channels ends later.
   */
  stop(isSessionLost: boolean): void {
    this.conclusion?.cancel();
    if (!isSessionLost) this.conclude('all');
    this.isStopped = true;
  }

  private async learn(): Promise<void> {
    if (this.isStopped) return;
    this.early ??= [];
    const before = this.tracker.channels;
    try {
      const { items } = await this.client.list({ Action: 'CoreShowChannels' });
      const begun = new Set(this.early.filter((packet) => packet['Event'] === 'Newchannel').map((packet) => packet['Uniqueid']));
      // the events of a call that began meanwhile are complete
      const missed = items.filter((channel) => !begun.has(channel['Linkedid']));
      const view = { dialled: await this.dialledNumbers(missed), ...(await this.bridges(missed)) };
      if (this.isStopped) return;
      const at = this.client.host.now();
      this.reportAll(this.tracker.recover(missed, view, at), at);
      this.hearEarly();
      const up = new Set(items.map((channel) => channel['Uniqueid']));
      for (const channel of before) if (!up.has(channel)) this.reportAll(this.tracker.gone(channel, at), at);
    } finally {
      this.hearEarly();
      this.concludeLater();
    }
  }

  /** Returns the dialled number of each unknown call that came into the exchange, by unique id of its oldest channel. */
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

  /** Returns holding bridges, such as parking lots, and conferences. */
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

  private hearEarly(): void {
    const early = this.early ?? [];
    this.early = undefined;
    early.forEach(this.hear);
  }

  private concludeLater(): void {
    if (this.isStopped || !this.tracker.isWaiting) return;
    this.conclusion ??= this.client.host.clock.after(this.channelWithinMs, () => {
      this.conclusion = undefined;
      this.conclude('due');
      this.concludeLater();
    });
  }

  private conclude(which: 'due' | 'all'): void {
    this.reportAll(this.tracker.conclude(which), this.client.host.now());
  }

  private reportAll(phases: readonly PhaseEvent[], at: Date): void {
    for (const phase of phases) this.report(phase, at);
  }
}
