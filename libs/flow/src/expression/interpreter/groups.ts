import { allocate, spend } from '../budget.js';
import { pushAll, pushTo } from '../values.js';
import { FRAME_BYTES } from './frame.js';

/** The items with the same key: a single item unchanged, several as a new list. */
export class Group {
  #own: unknown[] | undefined;

  constructor(
    readonly pair: number,
    public data: unknown,
  ) {
    allocate(FRAME_BYTES);
  }

  add(item: unknown): void {
    if (item === undefined) return;
    if (this.data === undefined) {
      this.data = item;
      return;
    }
    if (!this.#own) {
      this.#own = [];
      if (Array.isArray(this.data)) pushAll(this.#own, this.data);
      else pushTo(this.#own, this.data);
      this.data = this.#own;
    }
    if (Array.isArray(item)) pushAll(this.#own, item);
    else pushTo(this.#own, item);
  }
}

/** Orders groups like the fields of a JavaScript object: integers first. */
export function inOrderOfFields(groups: ReadonlyMap<string, Group>): Iterable<readonly [string, Group]> {
  const numbers = [...groups.keys()].filter((key) => /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < 4_294_967_295);
  if (numbers.length === 0) return groups;
  spend(groups.size);
  const isNumber = new Set(numbers);
  const others = [...groups.keys()].filter((key) => !isNumber.has(key));
  const sorted = numbers.sort((a, b) => Number(a) - Number(b));
  return [...sorted, ...others].map((key) => [key, groups.get(key) as Group] as const);
}
