// Figures of a run in bounded memory: a run may take days.

/** Buckets of one doubling of the value: the error of a percentile is at most 1/32 of it. */
const STEPS = 32;
/** Values below 2^-7 ms (8 µs) count as 8 µs, and above 2^20 ms (17 minutes) as 17 minutes. */
const MIN_EXPONENT = -7;
const MAX_EXPONENT = 20;
const BUCKETS = (MAX_EXPONENT - MIN_EXPONENT) * STEPS;

/** Counts durations in milliseconds in buckets whose width grows with the value. */
export class Histogram {
  #counts = new Float64Array(BUCKETS);
  #count = 0;
  #max = 0;

  get count() {
    return this.#count;
  }

  get max() {
    return this.#max;
  }

  add(ms) {
    this.#counts[bucketOf(ms)]++;
    this.#count++;
    if (ms > this.#max) this.#max = ms;
  }

  /** Adds all values of another histogram. */
  merge(other) {
    for (let n = 0; n < BUCKETS; n++) this.#counts[n] += other.#counts[n];
    this.#count += other.#count;
    this.#max = Math.max(this.#max, other.#max);
    return this;
  }

  /**
   * Returns the value that the given share of the values does not exceed: at most 1/32 above the exact one, and never above the largest value.
   * Undefined without values.
   *
   * @param {number} share above 0, to 1
   */
  percentile(share) {
    if (this.#count === 0) return undefined;
    let left = Math.ceil(share * this.#count);
    for (let n = 0; n < BUCKETS; n++) {
      left -= this.#counts[n];
      if (left <= 0) return Math.min(upperEnd(n), this.#max);
    }
    return this.#max;
  }
}

function bucketOf(ms) {
  const position = Math.ceil(Math.log2(Math.max(ms, Number.MIN_VALUE)) * STEPS) - MIN_EXPONENT * STEPS - 1;
  return Math.min(Math.max(position, 0), BUCKETS - 1);
}

const upperEnd = (bucket) => 2 ** ((bucket + 1) / STEPS + MIN_EXPONENT);

/** Fits a straight line to points by least squares, without keeping the points. */
export class Trend {
  #count = 0;
  #meanX = 0;
  #meanY = 0;
  #squares = 0;
  #products = 0;

  get count() {
    return this.#count;
  }

  /** Mean of the second coordinate. */
  get mean() {
    return this.#meanY;
  }

  add(x, y) {
    this.#count++;
    const fromX = x - this.#meanX;
    this.#meanX += fromX / this.#count;
    this.#meanY += (y - this.#meanY) / this.#count;
    this.#squares += fromX * (x - this.#meanX);
    this.#products += fromX * (y - this.#meanY);
  }

  /** Growth of the second coordinate for each unit of the first one; undefined for fewer than two different first coordinates. */
  get slope() {
    return this.#squares > 0 ? this.#products / this.#squares : undefined;
  }
}

/** Histograms by the name of an operation, and the number of failed ones. */
export class Operations {
  #histograms = new Map();
  #failed = new Map();

  /** Runs the operation and counts its time; a rejection is counted as failed, and passed on. */
  async time(name, work) {
    const from = performance.now();
    try {
      const result = await work();
      this.add(name, performance.now() - from);
      return result;
    } catch (error) {
      const { code = error.message } = error;
      this.#failed.set(`${name} ${code}`, (this.#failed.get(`${name} ${code}`) ?? 0) + 1);
      throw error;
    }
  }

  add(name, ms) {
    this.#at(name).add(ms);
  }

  merge(other) {
    for (const [name, histogram] of other.#histograms) this.#at(name).merge(histogram);
    for (const [name, count] of other.#failed) this.#failed.set(name, (this.#failed.get(name) ?? 0) + count);
    return this;
  }

  /** Names of the operations, sorted. */
  get names() {
    return [...this.#histograms.keys()].sort();
  }

  of(name) {
    return this.#histograms.get(name) ?? new Histogram();
  }

  /** All operations together. */
  get all() {
    return [...this.#histograms.values()].reduce((sum, each) => sum.merge(each), new Histogram());
  }

  /** Numbers of failed operations by name and code. */
  get failed() {
    return Object.fromEntries(this.#failed);
  }

  #at(name) {
    const known = this.#histograms.get(name) ?? new Histogram();
    this.#histograms.set(name, known);
    return known;
  }
}
