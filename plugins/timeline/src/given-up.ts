import { fail } from '@sluice/plugin-api';

/**
 * Resolves with what the work gives. Rejects with `TIMED_OUT` as soon as the signal fires: the database ends the work by itself, perhaps
 * with success, so it has to be one that can be repeated.
 */
export async function orGivenUp<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let giveUp = (): void => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(fail.TIMED_OUT('given up before the database answered'));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
