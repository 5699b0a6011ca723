import { readFileSync } from 'node:fs';
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
/** With fewer samples the slope of the memory is chance. */
const MIN_SAMPLES = 10;
const PAGE_KIB = 4;
/** Kernel objects of an open TCP connection that a process waits for with epoll. */
const SOCKET_OBJECTS = /^(TCP|TCPv6|sock_inode_cache|filp|eventpoll_epi) +(\d+) +\d+ +(\d+) /gm;

/** The memory of a server over a run, each time after a garbage collection. */
export class MemoryTrend {
  #heap = new Trend();
  #resident = new Trend();
  #from = performance.now();
  #lastMs = 0;

  async sample(probed) {
    const { heapUsed, external, rss } = await probed.memory();
    const ms = performance.now() - this.#from;
    this.#lastMs = ms;
    this.#heap.add(ms, heapUsed + external);
    this.#resident.add(ms, rss);
  }

  /**
   * Returns the mean in MiB, the slope in MiB per hour, and whether the growth during the run was small: `isFlat` is undefined with fewer than
   * ten samples.
   */
  summary() {
    const growth = (this.#heap.slope ?? 0) * this.#lastMs;
    return {
      samples: this.#heap.count,
      heapMiB: this.#heap.mean / MIB,
      heapMiBPerHour: ((this.#heap.slope ?? 0) * HOUR_MS) / MIB,
      residentMiB: this.#resident.mean / MIB,
      residentMiBPerHour: ((this.#resident.slope ?? 0) * HOUR_MS) / MIB,
      isFlat: this.#heap.count < MIN_SAMPLES ? undefined : growth <= this.#heap.mean * MAX_GROWTH,
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

/**
 * Returns the memory in KiB that the kernel holds for the TCP connections of all processes: their objects, and the bytes in their buffers. Undefined
 * where the system does not report it: on Linux /proc/slabinfo is for root. https://man7.org/linux/man-pages/man5/slabinfo.5.html
 */
export function kernelKiB() {
  try {
    const objects = [...readFileSync('/proc/slabinfo', 'utf8').matchAll(SOCKET_OBJECTS)];
    const bytes = objects.reduce((sum, [, , active, size]) => sum + Number(active) * Number(size), 0);
    const pages = /^TCP: .* mem (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1];
    return bytes / KIB + Number(pages) * PAGE_KIB;
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(error.code)) return undefined;
    throw error;
  }
}
