import type { Services } from '@sluice/plugin-api';
import type { Session, Subscription } from '../../server/stomp-handler.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import type { MailboxReaders } from './mailbox-readers.js';
import type { WaitingRuns } from './waiting-runs.js';

/** Maximum rejections of an event. After that the event `mailbox.rejected` is published, and the event leaves the mailbox. */
const MAX_REJECTIONS = 5;

export interface AcknowledgementsDeps {
  readonly services: Pick<Services, 'publish'>;
  readonly mailbox: Pick<Mailbox, 'acknowledge' | 'reject' | 'readAt'>;
  readonly readers: MailboxReaders;
  readonly waitingRuns: WaitingRuns;
}

/** ACK and NACK of desktop clients for events of their mailboxes. */
export class Acknowledgements {
  constructor(private readonly deps: AcknowledgementsDeps) {}

  /**
   * ACK: removes the events from the mailbox and resolves after the commit. Runs that wait for the acknowledgement are continued before the
   * commit. While the broker is unavailable the events therefore stay in the mailbox, and they are sent again.
   */
  async acknowledge(session: Session, seqs: readonly number[]): Promise<void> {
    const { readers, mailbox, waitingRuns } = this.deps;
    const own = readers.of(session);
    const awaited = [...new Set(own.flatMap((reader) => reader.idsAwaited(seqs)))];
    for (const reader of own) reader.acknowledged(seqs);
    const { user } = session.bearer;
    if (awaited.length > 0) await Promise.all(awaited.map((id) => waitingRuns.resume(session, id, 'shown')));
    await mailbox.acknowledge(seqs.map((seq) => ({ user, seq })));
  }

  /** NACK: sends the events again later, and removes events that were rejected {@link MAX_REJECTIONS} times. */
  async reject(subscription: Subscription, seqs: readonly number[]): Promise<void> {
    const { mailbox, readers, services } = this.deps;
    const { session } = subscription;
    const { user } = session.bearer;
    const positions = seqs.map((seq) => ({ user, seq }));
    const times = await mailbox.reject(positions);
    const isLast = (n: number) => (times[n] ?? 0) >= MAX_REJECTIONS;
    readers.at(subscription)?.rejected(seqs.filter((_, n) => !isLast(n)));
    const givenUp = positions.filter((_, n) => isLast(n));
    if (givenUp.length === 0) return;
    for (const reader of readers.of(session)) reader.settle(givenUp.map(({ seq }) => seq));
    for (const { content } of await mailbox.readAt(givenUp)) {
      const data = { user, id: content.id, event: content.headers['event'], times: MAX_REJECTIONS };
      // the broker confirms this before the event leaves the mailbox
      await services.publish({ type: 'mailbox.rejected', subject: user, data });
    }
    await mailbox.acknowledge(givenUp);
  }
}
