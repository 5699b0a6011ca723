import { EXIT } from '../exit.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One Ctrl+C may come twice: from the terminal, and from a program between us and it that hands it on. */
const SAME_MS = 500;

/**
 * Aborts when this process is asked to stop: by a signal, or by a parent that has gone away. A second Ctrl+C or SIGTERM ends the process at
 * once. From here on a signal ends it in no other way.
 */
export function stopRequest(): AbortSignal {
  const stop = new AbortController();
  let firstAt: number | undefined;
  const asked = (signal: NodeJS.Signals) => {
    stop.abort();
    firstAt ??= performance.now();
    // npm leaves at Ctrl+C without waiting for us, and a terminal that ends with it says SIGHUP
    if (signal !== 'SIGHUP' && performance.now() - firstAt > SAME_MS) process.exit(EXIT.interrupted);
  };
  for (const signal of SIGNALS) process.on(signal, asked);
  // a host started by another program must not outlive it, and Windows has no other way to ask for a graceful stop
  process.once('disconnect', () => stop.abort());
  // it may have gone before anybody listened
  if (process.send && !process.connected) stop.abort();
  return stop.signal;
}

export function requested(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
