import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';

/** Interval in which files are read again, in milliseconds. The system does not report changes on network and container mounts. */
const POLL_MS = 2_000;
/** Time without another report after which the files are read, in milliseconds: editors write a file in several steps. */
const DEBOUNCE_MS = 50;

/**
 * Resolves once the files of a workspace may have changed: when the system reports a change and then nothing for a moment, or after two
 * seconds. Resolves at once when the signal is aborted.
 */
export class ChangeWait {
  readonly #watchers: FSWatcher[] = [];
  #onReport: () => void = () => undefined;

  constructor(
    directory: string,
    private readonly signal: AbortSignal,
  ) {
    for (const [folder, recursive] of [
      [directory, false],
      [path.join(directory, 'flows'), true],
    ] as const) {
      try {
        const watcher = watch(folder, { recursive, persistent: false }, () => this.#onReport());
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // the poll finds changes
      }
    }
    signal.addEventListener('abort', () => this.close(), { once: true });
  }

  /** Resolves once the files may have changed since the call. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      let debounce: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(poll);
        clearTimeout(debounce);
        this.#onReport = () => undefined;
        resolve();
      };
      const poll = setTimeout(end, POLL_MS);
      this.#onReport = () => {
        clearTimeout(debounce);
        debounce = setTimeout(end, DEBOUNCE_MS);
      };
      this.signal.addEventListener('abort', end, { once: true });
      if (this.signal.aborted) end();
    });
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }
}
