/** Durations, times and counts as people say them. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `850 ms`, `5.4 s`, `12 min`, `3 h`, `2 d`. */
export function inWords(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return seconds(ms);
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY)} d`;
}

/** Always in seconds, with one digit. */
export function seconds(ms: number): string {
  return `${(ms / SECOND).toFixed(1)} s`;
}

export function ago(then: Date, now: Date): string {
  const ms = now.getTime() - then.getTime();
  return ms < SECOND ? 'just now' : `${inWords(Math.floor(ms / SECOND) * SECOND)} ago`;
}

/** Time of day here. */
export function clock(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The beginning of a run's id, as people write it. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
