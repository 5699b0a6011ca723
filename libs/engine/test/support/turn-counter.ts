import { systemClock, type Clock } from '@sluice/plugin-api';

/** Counts the units of work in each turn of the event loop, so that a test can bound a turn on a machine of any speed. */
export class TurnCounter {
  #inTurn = 0;
  #largest = 0;
  #isOver = false;

  constructor() {
    this.#endTurn();
  }

  /** The largest number of units in one turn. */
  get largest(): number {
    return Math.max(this.#largest, this.#inTurn);
  }

  add(units = 1): void {
    this.#inTurn += units;
  }

  stop(): void {
    this.#isOver = true;
  }

  #endTurn(): void {
    this.#largest = this.largest;
    this.#inTurn = 0;
    if (!this.#isOver) setImmediate(() => this.#endTurn());
  }
}

/** Returns a clock whose monotonic time advances with each look at it, and with nothing else. */
export function clockOfLooks(msPerLook: number): Clock {
  let ms = 0;
  return { ...systemClock, monotonic: () => (ms += msPerLook) };
}
