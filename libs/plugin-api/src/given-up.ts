import type { SluiceError } from './errors.js';

/**
 * Resolves with what the work gives; rejects as soon as the signal fires, for a library that cannot be told to stop. The work ends by
 * itself afterwards, perhaps with success: `failure` says whether the other side may have got it.
 */
export async function orGivenUp<Result>(work: Promise<Result>, signal: AbortSignal, failure: () => SluiceError): Promise<Result> {
  let giveUp = (): void => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(failure());
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
