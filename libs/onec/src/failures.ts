import { failures } from '@sluice/plugin-api';

/** Failures of 1C beyond the shared codes. */
export const onec = failures({
  ONEC_BUSINESS: { fate: 'rejected', cure: 'correct the data or the rule in 1C, then replay the run' },
  ONEC_LICENCE: { fate: 'overload', cure: 'lower concurrency.max of the connection, or free a client licence' },
  ONEC_LOCKED: {
    fate: 'retry',
    cure: 'nothing to do: the call is repeated; if the error persists, look in 1C who holds the lock',
  },
  ONEC_SESSION_GONE: { fate: 'retry', cure: 'nothing to do: the next attempt starts a new session' },
  ONEC_RESTARTING: {
    fate: 'retry',
    cure: 'nothing to do: the call is repeated; if the error persists, check that the 1C server runs',
  },
  ONEC_BLOCKED: { fate: 'unavailable', cure: 'nothing to do: calls continue when the base accepts sessions again' },
  ONEC_RUNNING: { fate: 'retry', cure: 'nothing to do: the first call under this id is still running in 1C' },
  ONEC_CUT_OFF: { fate: 'retry', cure: 'look in the logs of the web server and of 1C why the connection was cut' },
  ONEC_FRONT: { fate: 'retry', cure: 'look in the log of the web server in front of 1C' },
});

/** A code of {@link onec}. */
export type OnecCode = keyof typeof onec;
