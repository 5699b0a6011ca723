import { Cron } from 'croner';
import { IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
/** Local times and UTC differ by at most 14 hours, so a zone has one offset before and one after a change within this time. */
const AROUND_MS = 26 * 60 * MINUTE_MS;
/** Maximum local times that one change of a zone removes or repeats: those of a day, one per minute. */
const MAX_LOCAL_TIMES = 24 * 60 + 1;

/**
 * The instants of a cron expression of five fields in a time zone. The package croner enumerates the local times (the fields, `L`, `W`, `#`
 * and names). This class maps local times to instants, because croner counts a list or wildcard of minutes as an interval, and drops a time
 * whose gap ends on another day:
 *
 * - An hour field without `*` and `?` is fixed: a local time that does not exist fires at the next instant that does, and one that exists
 *   twice fires at the first. Local times of one gap that meet at its end fire once.
 * - A wildcard in the hour field fires at each real instant whose local time matches.
 *
 * Where both the day of the month and the day of the week are restricted, either suffices, as in Vixie cron.
 */
export class CronSchedule {
  readonly #cron: Cron;
  readonly #zone: IANAZone;
  readonly #everyHour: boolean;

  /**
   * @param timezone IANA name
   * @throws RangeError when the expression or the zone is invalid; its message names the wrong field
   */
  constructor(expression: string, timezone: string) {
    this.#zone = IANAZone.create(timezone);
    if (!this.#zone.isValid) throw new RangeError(`"${timezone}" is not a time zone`);
    this.#cron = parse(expression);
    this.#everyHour = /[*?]/.test(expression.trim().split(/\s+/)[1] ?? '');
  }

  /**
   * Returns the first instant after `after`.
   *
   * @param after milliseconds since 1970
   * @returns milliseconds since 1970; undefined when the schedule never fires again
   */
  next(after: number): number | undefined {
    return this.#everyHour ? this.#nextReal(after) : this.#nextFixed(after);
  }

  /**
   * Returns the last instant after `since` and not after `until`, in milliseconds since 1970; undefined when there is none. Takes time that
   * grows with the logarithm of the distance only.
   */
  last(since: number, until: number): number | undefined {
    let found = this.next(since);
    if (found === undefined || found > until) return undefined;
    let [low, high] = [found, until];
    while (high - low >= MINUTE_MS) {
      const middle = Math.floor((low + high) / 2);
      const next = this.next(middle);
      if (next === undefined || next > until) high = middle;
      else low = found = next;
    }
    return found;
  }

  #nextFixed(after: number): number | undefined {
    let local = this.#localOf(after);
    for (let count = 0; count <= MAX_LOCAL_TIMES; count++) {
      const next = this.#nextLocal(local);
      if (next === undefined) return undefined;
      const instant = this.#instantsOf(next)[0] ?? this.#endOfGap(next);
      if (instant > after) return instant;
      local = next;
    }
    return undefined;
  }

  #nextReal(after: number): number | undefined {
    const onward = this.#nextOnward(after);
    return this.#nextRepeated(after, onward ?? Infinity) ?? onward;
  }

  /** Returns the next instant whose local time is later than that of `after`. */
  #nextOnward(after: number): number | undefined {
    let local = this.#localOf(after);
    for (let count = 0; count <= MAX_LOCAL_TIMES; count++) {
      const next = this.#nextLocal(local);
      if (next === undefined) return undefined;
      const instant = this.#instantsOf(next).find((one) => one > after);
      if (instant !== undefined) return instant;
      local = next;
    }
    return undefined;
  }

  /** Returns the next instant before `before` that follows a clock set back, so that its local time need not be later. */
  #nextRepeated(after: number, before: number): number | undefined {
    const offset = this.#offset(after + AROUND_MS);
    if (offset >= this.#offset(after)) return undefined;
    const end = Math.min(before, after + AROUND_MS);
    for (let local = after + offset; ;) {
      const next = this.#nextLocal(local);
      if (next === undefined || next - offset >= end) return undefined;
      if (this.#localOf(next - offset) === next) return next - offset;
      local = next;
    }
  }

  /** Returns the instants with this local time, in order: none, one or two. */
  #instantsOf(local: number): readonly number[] {
    const [before, after] = [this.#offset(local - AROUND_MS), this.#offset(local + AROUND_MS)];
    const candidates = before === after ? [local - before] : [local - Math.max(before, after), local - Math.min(before, after)];
    return candidates.filter((instant) => this.#localOf(instant) === local);
  }

  /** Returns the first instant whose local time is not before this one, which does not exist. */
  #endOfGap(local: number): number {
    let low = local - this.#offset(local + AROUND_MS);
    let high = local - this.#offset(local - AROUND_MS);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#localOf(middle) >= local) high = middle;
      else low = middle;
    }
    return high;
  }

  /** Returns the next matching local time, written as if the zone were UTC. */
  #nextLocal(local: number): number | undefined {
    return this.#cron.nextRun(new Date(local))?.getTime();
  }

  #localOf(instant: number): number {
    return instant + this.#offset(instant);
  }

  #offset(instant: number): number {
    return this.#zone.offset(instant) * MINUTE_MS;
  }
}

/**
 * Returns the reason why a schedule cannot run: it is not a cron expression of five fields, or no date matches it, such as 30 February.
 *
 * @returns undefined when the expression is usable
 */
export function cronProblem(expression: string): { readonly kind: 'syntax' | 'never'; readonly reason: string } | undefined {
  try {
    if (parse(expression).nextRun(new Date(0))) return undefined;
    return { kind: 'never', reason: `no date matches "${expression}", so it never fires` };
  } catch (error) {
    return { kind: 'syntax', reason: (error as Error).message };
  }
}

function parse(expression: string): Cron {
  const fields = expression.trim().split(/\s+/);
  // croner also takes dates and names such as `@daily`
  if (expression.trim() === '') throw new RangeError('a schedule is not empty');
  if (fields.length !== FIELDS.length)
    throw new RangeError(
      `"${expression}" has ${fields.length === 1 ? 'one field' : `${fields.length} fields`}, and a schedule has five`,
    );
  try {
    return cronOf(fields);
  } catch (error) {
    const wrong = fields.findIndex((field, at) => !isField(field, at));
    const what =
      wrong < 0 ? 'is not a cron expression' : `cannot be used: ${fields[wrong]} is not valid for the ${FIELDS[wrong]}`;
    throw new RangeError(`"${expression}" ${what}`, { cause: error });
  }
}

/** The fields of a cron expression, for messages. */
const FIELDS = ['minute', 'hour', 'day of the month', 'month', 'day of the week'];

function cronOf(fields: readonly string[]): Cron {
  return new Cron(fields.join(' '), { mode: '5-part', timezone: 'UTC', paused: true });
}

/** Returns whether the text is valid as the field of this number. */
function isField(text: string, field: number): boolean {
  try {
    cronOf(FIELDS.map((_, at) => (at === field ? text : '*')));
    return true;
  } catch {
    return false;
  }
}
