/** Formats durations, times and counts. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Returns a duration such as `850 ms`, `5.4 s`, `12 min`, `3 h` or `2 d`. */
export function inWords(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return seconds(ms);
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY)} d`;
}

/** Returns a duration in seconds with one decimal. */
export function seconds(ms: number): string {
  return `${(ms / SECOND).toFixed(1)} s`;
}

export function ago(then: Date, now: Date): string {
  const ms = now.getTime() - then.getTime();
  return ms < SECOND ? 'just now' : `${inWords(Math.floor(ms / SECOND) * SECOND)} ago`;
}

/** Returns the local time of day. */
export function clock(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
