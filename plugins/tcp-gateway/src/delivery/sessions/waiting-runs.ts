import type { Services } from '@sluice/plugin-api';
import type { Session } from '../../server/stomp-handler.js';
import type { Mailbox, WaitKind } from '../mailbox/mailbox.js';

/** Header of a MESSAGE whose sender waits for its acknowledgement (`shown`) or for an answer (`reply`). */
export const WAIT_HEADER = 'wait';

export interface WaitingRunsDeps {
  readonly mailbox: Pick<Mailbox, 'findWaitingRun' | 'removeWaitingRun'>;
  readonly services: Pick<Services, 'resume'>;
}

/** Runs that wait until a user has seen or answered an event. */
export class WaitingRuns {
  constructor(private readonly deps: WaitingRunsDeps) {}

  /**
   * Continues the run that waits for this acknowledgement or answer, if there is one. Deletes the record of the wait after the broker's
   * confirm, so that a crash may repeat the continuation but cannot lose it.
   */
  async resume(session: Pick<Session, 'bearer' | 'workplace'>, id: string, kind: WaitKind, answer?: unknown): Promise<void> {
    const { mailbox, services } = this.deps;
    const { user } = session.bearer;
    const waiting = await mailbox.findWaitingRun(user, id);
    if (waiting?.kind !== kind) return;
    await services.resume(waiting.token, {
      id,
      kept: 1,
      online: 1,
      ...(session.workplace !== undefined && { workplace: session.workplace }),
      ...(answer !== undefined && { answer }),
    });
    await mailbox.removeWaitingRun(user, id);
  }
}
