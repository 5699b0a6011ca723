import type { Log } from '@sluice/plugin-api';

const REPORT_EVERY_MS = 60_000;
/** Maximum number of kinds that are reported separately. */
const MAX_KINDS = 200;

interface Kind {
  count: number;
  last: string;
}

/**
 * Logs rejected requests: the first of each kind at once, then at most one line per minute with their number, so that rejected requests
 * cannot fill the log.
 */
export class Refusals {
  readonly #kinds = new Map<string, Kind>();

  constructor(
    private readonly log: Log,
    private readonly everyMs = REPORT_EVERY_MS,
  ) {}

  /**
   * @param entryPoint entry point of the request, from a small set that senders cannot extend
   * @param code error code
   * @param message never contains a token
   */
  add(entryPoint: string, code: string, message: string): void {
    const name = this.#kinds.size < MAX_KINDS || this.#kinds.has(`${entryPoint} ${code}`) ? `${entryPoint} ${code}` : 'other';
    const known = this.#kinds.get(name);
    if (known) {
      known.count++;
      known.last = message;
      return;
    }
    this.#kinds.set(name, { count: 0, last: message });
    this.log.warn(`${entryPoint}: refused a request: ${code}`, { reason: message });
    this.#reportLater(name);
  }

  #reportLater(name: string): void {
    setTimeout(() => {
      const kind = this.#kinds.get(name);
      if (!kind || kind.count === 0) return void this.#kinds.delete(name);
      this.log.warn(`refused ${kind.count} more: ${name}`, { reason: kind.last });
      kind.count = 0;
      this.#reportLater(name);
    }, this.everyMs).unref();
  }
}
