/** Node fires longer timers at once. https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Returns a signal that fires at this time in milliseconds since 1970: at once when it has passed, and at the latest after 24 days. */
export function abortAt(deadline: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.max(deadline - Date.now(), 0), MAX_TIMER_MS));
}
