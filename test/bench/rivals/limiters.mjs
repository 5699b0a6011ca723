// Published algorithms for an adaptive limit, written from their descriptions, with their default constants. Each class has the same three
// members: `limit` (calls at once that are allowed), `begun(inFlight)`, and `ended(now, ms, result, inFlight)`; times in milliseconds.

/** A limit that never changes. */
export class FixedLimit {
  constructor(limit) {
    this.limit = limit;
  }
  begun() {}
  ended() {}
}

/**
 * Vector's adaptive request concurrency. Once per average round trip the limit grows by one if the round trips were not longer than the
 * average of the past ones, and shrinks to 0.9 of itself after backpressure or if they exceed that average by 2.5 deviations.
 *
 * @see https://vector.dev/docs/architecture/arc/
 */
export class VectorLimit {
  limit = 1;
  #max;
  #past;
  #sum = 0;
  #count = 0;
  #refused = false;
  #reached = false;
  #nextUpdate = 0;

  constructor(max) {
    this.#max = max;
  }

  begun(inFlight) {
    if (inFlight >= this.limit) this.#reached = true;
  }

  ended(now, ms, result) {
    if (result === 'ok') {
      this.#sum += ms;
      this.#count += 1;
    } else this.#refused = true;
    const mean = this.#count > 0 ? this.#sum / this.#count : undefined;
    if (!this.#past) {
      if (mean !== undefined) this.#begin(now, mean);
      return;
    }
    if (now < this.#nextUpdate) return;
    this.#adjust(mean);
    if (mean !== undefined) this.#remember(mean);
    this.#nextUpdate = now + this.#past.mean;
    this.#sum = this.#count = 0;
    this.#refused = this.#reached = false;
  }

  #begin(now, mean) {
    this.#past = { mean, variance: 0 };
    this.#nextUpdate = now + mean;
  }

  #adjust(mean) {
    const threshold = this.#past.mean + 2.5 * Math.sqrt(this.#past.variance);
    if (this.limit < this.#max && this.#reached && !this.#refused && mean !== undefined && mean <= this.#past.mean) this.limit += 1;
    else if (this.limit > 1 && (this.#refused || (mean ?? 0) >= threshold)) this.limit = Math.max(1, Math.floor(this.limit * 0.9));
  }

  #remember(mean) {
    const alpha = 0.4;
    const difference = mean - this.#past.mean;
    this.#past = {
      mean: this.#past.mean + alpha * difference,
      variance: (1 - alpha) * (this.#past.variance + alpha * difference * difference),
    };
  }
}

/**
 * Netflix' Gradient2. The limit is multiplied by the ratio of the long-term average round trip to the current one, between 0.5 and 1, plus
 * room for a queue of four, smoothed by 0.2. It ignores refusals.
 *
 * @see https://github.com/Netflix/concurrency-limits
 */
export class GradientLimit {
  #estimate;
  #max;
  #long = 0;
  #samples = 0;

  constructor(start, max) {
    this.#estimate = start;
    this.#max = max;
  }

  get limit() {
    return Math.floor(this.#estimate);
  }

  begun() {}

  ended(_now, ms, result, inFlight) {
    if (result !== 'ok') return;
    this.#samples += 1;
    const weight = this.#samples <= 10 ? 1 / this.#samples : 2 / 601;
    this.#long += weight * (ms - this.#long);
    if (this.#long / ms > 2) this.#long *= 0.9;
    if (inFlight < this.#estimate / 2) return;
    const gradient = Math.max(0.5, Math.min(1, this.#long / ms));
    const wanted = this.#estimate * gradient + 4;
    this.#estimate = Math.max(1, Math.min(this.#max, 0.8 * this.#estimate + 0.2 * wanted));
  }
}
