const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** As shells say "ended by SIGINT". */
const INTERRUPTED = 130;

/**
 * Aborts when this process is asked to stop: by a signal, or by a parent that has gone away. A second Ctrl+C or SIGTERM ends the process at
 * once. From here on a signal ends it in no other way.
 */
export function stopRequest(): AbortSignal {
  const stop = new AbortController();
  const asked = (signal: NodeJS.Signals) => {
    // npm leaves at Ctrl+C without waiting for us, and the terminal that may end with it says SIGHUP: nobody has lost patience
    if (stop.signal.aborted && signal !== 'SIGHUP') process.exit(INTERRUPTED);
    stop.abort();
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
