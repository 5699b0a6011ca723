import type { Host } from '@sluice/plugin-api';
import type { AmiClient } from './client.js';

/** Resolves when the signal fires, and rejects when the session ends first. */
export function untilStopped(client: AmiClient, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    void client.ended.then(reject);
  });
}

/** `Timestamp` stands in an event when manager.conf has `timestampevents = yes`: seconds with a fraction. */
export function timeOf(packet: Readonly<Record<string, unknown>>, host: Pick<Host, 'now'>): Date {
  const seconds = Number(packet['Timestamp']);
  return seconds > 0 ? new Date(seconds * 1_000) : host.now();
}
