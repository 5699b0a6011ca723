import { setMaxListeners } from 'node:events';

/**
 * A controller that any number of waits and calls may listen to at once. Node takes more than ten listeners of a signal for a leak.
 *
 * @see https://nodejs.org/api/events.html#eventssetmaxlistenersn-eventtargets
 */
export function stopController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
