import type { SluiceError } from './errors.js';

/**
 * Resolves or rejects with the work, and rejects as soon as the signal fires. For a library that cannot abort its work: the work goes on
 * in the background and may still succeed.
 *
 * @param work the promise to wait for.
 * @param signal the signal that ends the waiting.
 * @param failure returns the error to reject with; its `sent` has to state whether the remote system may have received the request.
 * @throws the error of `work`, or that of `failure` when the signal fires first.
 */
export async function raceAbort<Result>(work: Promise<Result>, signal: AbortSignal, failure: () => SluiceError): Promise<Result> {
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
