// An endless backlog, a limiter, and a remote system, on a virtual clock: hours of load in seconds, and the same load in every run.
import { Admission } from '../../../libs/pacer/dist/admission.js';
import { OverloadPause } from '../../../libs/pacer/dist/overload-pause.js';

const CLASSES = ['interactive', 'normal', 'bulk'];

/** The host's own limiter: the pace of a connection, as configured. */
export class SluicePace {
  #admission;

  constructor({ start, max, latencyTargetMs }) {
    this.#admission = new Admission({
      concurrency: { start, max, adaptive: true },
      latencyTargetMs,
      shares: { interactive: 60, normal: 30, bulk: 10 },
      breaker: { failures: 5, withinMs: 30_000, probeMs: 5_000 },
      crashGraceMs: 10_000,
      calendar: [],
      timezone: 'UTC',
    });
  }

  next(now) {
    const next = this.#admission.next(instant(now));
    return next.kind === 'wait' ? next.ms : next.kind === 'call' ? 0 : Infinity;
  }

  begin(now) {
    return this.#admission.begin(instant(now), CLASSES);
  }

  end(now, ticket, result, ms) {
    this.#admission.end(instant(now), ticket, { result, ms });
  }
}

/** A limiter of `rivals/limiters.mjs` in the same loop, with the same pause after refusals. */
export class RivalPace {
  #limiter;
  #pause = new OverloadPause();
  #inFlight = 0;

  constructor(limiter) {
    this.#limiter = limiter;
  }

  next(now) {
    return this.#inFlight < this.#limiter.limit ? this.#pause.delay(now) : Infinity;
  }

  begin() {
    this.#inFlight += 1;
    this.#limiter.begun(this.#inFlight);
  }

  end(now, _ticket, result, ms) {
    if (result === 'ok') this.#pause.answered(now);
    else this.#pause.refused(now);
    this.#limiter.ended(now, ms, result, this.#inFlight);
    this.#inFlight -= 1;
  }
}

/**
 * Runs the load.
 *
 * @param {{ next(now: number): number, begin(now: number): unknown, end(now: number, ticket: unknown, result: string, ms: number): void }}
 *   pace
 * @param {(now: number, inFlight: number, random: () => number) => { result: 'ok' | 'overload', ms: number }} remote returns the end of a
 *   call that begins now, beside `inFlight` others
 * @param {number} durationMs
 * @returns {{ done: readonly { at: number, ms: number }[], refused: readonly { at: number, ms: number }[] }} answered and refused calls:
 *   when they ended, and how long each took
 */
export function runLoad(pace, remote, durationMs) {
  const random = seeded(1);
  const open = [];
  const done = [];
  const refused = [];
  for (let now = 0; now <= durationMs;) {
    const wakeAt = now + fill(now);
    const next = open[0];
    if (!next || wakeAt < next.endsAt) {
      now = wakeAt;
      continue;
    }
    open.shift();
    now = next.endsAt;
    (next.result === 'ok' ? done : refused).push({ at: now, ms: now - next.began });
    pace.end(now, next.ticket, next.result, now - next.began);
  }
  return { done, refused };

  /** Begins all calls that may begin. Returns how long to wait for the next one, unless a call ends before. */
  function fill(now) {
    for (;;) {
      const wait = pace.next(now);
      if (wait > 0) return wait;
      const { result, ms } = remote(now, open.length, random);
      const call = { began: now, endsAt: now + ms, result, ticket: pace.begin(now) };
      open.splice(open.findLastIndex((other) => other.endsAt <= call.endsAt) + 1, 0, call);
    }
  }
}

function instant(now) {
  return { monotonic: now, wall: 1_800_000_000_000 + now };
}

/** Park and Miller's generator: the same numbers in every run. */
function seeded(seed) {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
