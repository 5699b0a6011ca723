import type { Meter } from '@sluice/plugin-api';
import { aborted } from '@sluice/runtime';
import type { Mailbox, MailboxTotals } from './mailbox.js';

const SURVEY_MS = 15_000;

const NOTHING: MailboxTotals = { events: 0, users: 0 };

export interface MailboxGaugesDeps {
  readonly mailbox: Pick<Mailbox, 'totals'>;
  readonly meter: Pick<Meter, 'gauge'>;
  readonly now: () => number;
}

/**
 * How full the mailboxes are, as numbers in `/metrics`. They are the same for all hosts, and counting costs: one host counts, and the others
 * say 0, so that the sum and the greatest are right.
 */
export class MailboxGauges {
  #survey = NOTHING;

  constructor(private readonly deps: MailboxGaugesDeps) {
    const { meter, now } = deps;
    const help = 'on the host that takes care of them, 0 on the others';
    meter.gauge('sluice_mailbox_events', `Events that wait in mailboxes: ${help}`, () => this.#survey.events);
    meter.gauge('sluice_mailbox_users', `Users for whom events wait: ${help}`, () => this.#survey.users);
    meter.gauge('sluice_mailbox_oldest_seconds', `Age of the oldest event that waits: ${help}`, () => {
      const { oldest } = this.#survey;
      return oldest === undefined ? 0 : Math.max(0, now() - oldest) / 1_000;
    });
  }

  /** Looks at once and again every {@link SURVEY_MS}, until the signal. While the database is away the numbers stay as they are. */
  async watch(signal: AbortSignal): Promise<void> {
    const look = async () => {
      const survey = await this.deps.mailbox.totals().catch(() => this.#survey);
      if (!signal.aborted) this.#survey = survey;
    };
    const timer = setInterval(() => void look(), SURVEY_MS).unref();
    void look();
    await aborted(signal);
    clearInterval(timer);
    this.#survey = NOTHING;
  }
}
