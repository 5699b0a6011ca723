import { useCallback, useSyncExternalStore } from 'react';

/** What the page shows, in its address: `?discussion=<id>&message=<seq>`. The button "back" of the browser and of a telephone works with it. */
export interface Route {
  readonly discussion?: string;
  readonly seq?: number;
}

const CHANGED = 'sluice-route';

/** Reads the route of an address. */
export function readRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const discussion = query.get('discussion') ?? undefined;
  const seq = Number(query.get('message') ?? NaN);
  return { ...(discussion && { discussion }), ...(discussion && Number.isSafeInteger(seq) && seq > 0 && { seq }) };
}

/** Returns the address with another route; other parameters stay. */
export function writeRoute(search: string, { discussion, seq }: Route): string {
  const query = new URLSearchParams(search);
  query.delete('discussion');
  query.delete('message');
  if (discussion !== undefined) query.set('discussion', discussion);
  if (seq !== undefined) query.set('message', String(seq));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

let known: { search: string; route: Route } | undefined;

function currentRoute(): Route {
  if (known?.search !== location.search) known = { search: location.search, route: readRoute(location.search) };
  return known.route;
}

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener('popstate', listener);
    removeEventListener(CHANGED, listener);
  };
}

export function useRoute(): { route: Route; go: (next: Route) => void } {
  const route = useSyncExternalStore(subscribe, currentRoute);
  const go = useCallback((next: Route) => {
    history.pushState(null, '', location.pathname + writeRoute(location.search, next));
    dispatchEvent(new Event(CHANGED));
  }, []);
  return { route, go };
}
