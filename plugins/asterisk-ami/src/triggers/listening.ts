import type { Host } from '@sluice/plugin-api';
import type { AmiClient } from '../client.js';

/** Resolves when the signal fires, and rejects when the session ends first. */
export async function untilStopped(client: AmiClient, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop: () => void = () => undefined;
  let removeListener: () => void = () => undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    stop = resolve;
    removeListener = client.onEnd(reject);
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    await stopped;
  } finally {
    signal.removeEventListener('abort', stop);
    removeListener();
  }
}

/** Returns the time of an event: its `Timestamp` (seconds with a fraction; needs `timestampevents = yes` in manager.conf), or else now. */
export function timeOf(packet: Readonly<Record<string, unknown>>, host: Pick<Host, 'now'>): Date {
  const seconds = Number(packet['Timestamp']);
  return seconds > 0 ? new Date(seconds * 1_000) : host.now();
}
