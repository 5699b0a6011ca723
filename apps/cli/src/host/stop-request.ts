import { EXIT } from '../exit.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Signals within this time count as one: a Ctrl+C may arrive from the terminal and from a parent program. */
const SAME_MS = 500;

/**
 * Returns a signal that aborts when this process gets SIGINT, SIGTERM or SIGHUP, or when its parent disconnects. A second SIGINT or
 * SIGTERM ends the process at once.
 *
 * @param onHangUp called for SIGHUP instead of a stop
 */
export function stopRequest(onHangUp?: () => void): AbortSignal {
  const stop = new AbortController();
  let firstAt: number | undefined;
  const asked = (signal: NodeJS.Signals) => {
    stop.abort();
    firstAt ??= performance.now();
    // npm ends on Ctrl+C without waiting for this process, and a closing terminal then sends SIGHUP
    if (signal !== 'SIGHUP' && performance.now() - firstAt > SAME_MS) process.exit(EXIT.interrupted);
  };
  for (const signal of SIGNALS) process.on(signal, signal === 'SIGHUP' && onHangUp ? onHangUp : asked);
  // a host must not outlive its parent, and on Windows a disconnect is the only request for a graceful stop
  process.once('disconnect', () => stop.abort());
  // the parent may have disconnected before the listener was added
  if (process.send && !process.connected) stop.abort();
  return stop.signal;
}

export function requested(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
