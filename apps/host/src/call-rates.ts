import type { CallReport } from '@sluice/engine';

const BUCKET_MS = 1_000;
const WINDOW_MS = 60_000;
const BUCKETS = WINDOW_MS / BUCKET_MS;

/** Counts the successful calls of each connection in the last minute on this host. Memory: 60 numbers per connection. */
export class CallRates {
  readonly #counts = new Map<string, { readonly buckets: number[]; latest: number }>();

  /** @param now a monotonic clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  called({ connection, error }: Pick<CallReport, 'connection' | 'error'>): void {
    if (connection === undefined || error !== undefined) return;
    let counts = this.#counts.get(connection);
    if (!counts) {
      counts = { buckets: new Array<number>(BUCKETS).fill(0), latest: this.#bucket() };
      this.#counts.set(connection, counts);
    }
    const at = this.#advance(counts);
    counts.buckets[at] = (counts.buckets[at] ?? 0) + 1;
  }

  /** @returns the number of successful calls in the last 60 s */
  perMinute(connection: string): number {
    const counts = this.#counts.get(connection);
    if (!counts) return 0;
    this.#advance(counts);
    return counts.buckets.reduce((sum, count) => sum + count, 0);
  }

  #bucket(): number {
    return Math.floor(this.now() / BUCKET_MS);
  }

  /** Clears the buckets of the seconds since the last call and returns the index of the current second. */
  #advance(counts: { readonly buckets: number[]; latest: number }): number {
    const bucket = this.#bucket();
    const passed = Math.min(BUCKETS, bucket - counts.latest);
    for (let back = 0; back < passed; back++) counts.buckets[(bucket - back) % BUCKETS] = 0;
    counts.latest = bucket;
    return bucket % BUCKETS;
  }
}
