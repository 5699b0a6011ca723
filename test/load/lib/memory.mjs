import { setTimeout as pause } from 'node:timers/promises';
import { Trend } from './statistics.mjs';

const KIB = 1024;
const MIB = 1024 * KIB;
const HOUR_MS = 3_600_000;
/** V8 releases the memory of the connects after some idle seconds. */
const SETTLE_MS = 12_000;
/** Change between two looks, as a share, below which the memory counts as settled. */
const MAX_DRIFT = 0.01;
const MAX_LOOKS = 20;
/** Growth during a run, as a share of the mean, above which the memory does not count as flat. */
const MAX_GROWTH = 0.1;

/** The memory of a server over a run, each time after a garbage collection. */
export class MemoryTrend {
  #heap = new Trend();
  #resident = new Trend();
  #from = performance.now();

  async sample(probed) {
    const { heapUsed, external, rss } = await probed.memory();
    const ms = performance.now() - this.#from;
    this.#heap.add(ms, heapUsed + external);
    this.#resident.add(ms, rss);
  }

  /** Returns the slope in MiB per hour, the mean in MiB, and whether the growth during the run was small. */
  summary() {
    const ms = performance.now() - this.#from;
    const growth = (this.#heap.slope ?? 0) * ms;
    return {
      heapMiB: this.#heap.mean / MIB,
      heapMiBPerHour: ((this.#heap.slope ?? 0) * HOUR_MS) / MIB,
      residentMiB: this.#resident.mean / MIB,
      residentMiBPerHour: ((this.#resident.slope ?? 0) * HOUR_MS) / MIB,
      isFlat: growth <= this.#heap.mean * MAX_GROWTH,
    };
  }
}

/** Resolves with the resident memory of a server in KiB when it is idle and no longer releases memory of its start or of the connects. */
export async function idleKiB(probed) {
  const read = async () => (await probed.memory()).rss / KIB;
  let before = await read();
  for (let look = 1; ; look++) {
    await pause(SETTLE_MS);
    const now = await read();
    if (Math.abs(now - before) < before * MAX_DRIFT) return now;
    if (look === MAX_LOOKS) throw new Error(`the memory of an idle server has not settled: ${before} KiB, then ${now} KiB`);
    before = now;
  }
}
