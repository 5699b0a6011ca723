import type { Meter, Clock } from '@sluice/plugin-api';
import { aborted } from '@sluice/runtime';
import type { Mailbox, MailboxTotals } from './mailbox.js';

const COUNT_INTERVAL_MS = 15_000;

const NOTHING: MailboxTotals = { events: 0, users: 0 };

export interface MailboxGaugesDeps {
  readonly mailbox: Pick<Mailbox, 'totals'>;
  readonly meter: Pick<Meter, 'gauge'>;
  readonly clock: Clock;
}

/**
 * Gauges of the mailboxes in `/metrics`. All hosts share the mailboxes, and counting is slow, so one host counts and the others report 0.
 * Sum and maximum over all hosts are therefore correct.
 */
export class MailboxGauges {
  #totals = NOTHING;

  constructor(private readonly deps: MailboxGaugesDeps) {
    const { meter, clock } = deps;
    const help = 'on the host that counts them, 0 on the others';
    meter.gauge('sluice_mailbox_events', `Events that wait in mailboxes: ${help}`, () => this.#totals.events);
    meter.gauge('sluice_mailbox_users', `Users for whom events wait: ${help}`, () => this.#totals.users);
    meter.gauge('sluice_mailbox_oldest_seconds', `Age of the oldest event that waits: ${help}`, () => {
      const { oldest } = this.#totals;
      return oldest === undefined ? 0 : Math.max(0, clock.now() - oldest) / 1_000;
    });
  }

  /** Counts now and every {@link COUNT_INTERVAL_MS} until the signal fires. While the database is unavailable the gauges do not change. */
  async watch(signal: AbortSignal): Promise<void> {
    const count = async () => {
      const totals = await this.deps.mailbox.totals().catch(() => this.#totals);
      if (!signal.aborted) this.#totals = totals;
    };
    const timer = this.deps.clock.every(COUNT_INTERVAL_MS, () => void count()).unref();
    void count();
    await aborted(signal);
    timer.cancel();
    this.#totals = NOTHING;
  }
}
