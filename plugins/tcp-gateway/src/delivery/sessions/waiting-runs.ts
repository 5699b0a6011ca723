import type { Services } from '@sluice/plugin-api';
import type { Session } from '../../server/stomp-handler.js';
import type { Mailbox, WaitKind } from '../mailbox/mailbox.js';

/** Header of a MESSAGE whose sender waits: for its acknowledgement, or for an answer. */
export const WAIT_HEADER = 'wait';

export interface WaitsDeps {
  readonly mailbox: Pick<Mailbox, 'waiting' | 'met'>;
  readonly services: Pick<Services, 'resume'>;
}

/** Runs that wait until a user has seen or answered an event. */
export class Waits {
  constructor(private readonly deps: WaitsDeps) {}

  /**
   * Lets the run go on that waits for this. Resolves after the broker's confirm, and then only the note of it is deleted: a crash between repeats
   * the continuation, and loses none. Does nothing when nobody waits.
   */
  async end(session: Pick<Session, 'bearer' | 'workplace'>, id: string, kind: WaitKind, answer?: unknown): Promise<void> {
    const { mailbox, services } = this.deps;
    const { user } = session.bearer;
    const waiting = await mailbox.waiting(user, id);
    if (waiting?.kind !== kind) return;
    await services.resume(waiting.token, {
      id,
      kept: 1,
      online: 1,
      ...(session.workplace !== undefined && { workplace: session.workplace }),
      ...(answer !== undefined && { answer }),
    });
    await mailbox.met(user, id);
  }
}
