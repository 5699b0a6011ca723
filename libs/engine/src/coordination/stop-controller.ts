import { setMaxListeners } from 'node:events';

/**
 * Returns a controller whose signal may have any number of listeners. Node reports more than ten listeners of a signal as a leak.
 *
 * @see https://nodejs.org/api/events.html#eventssetmaxlistenersn-eventtargets
 */
export function stopController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
