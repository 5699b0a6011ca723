import { useCallback, useSyncExternalStore } from 'react';

/**
 * What the page shows, in its address: `?discussion=<id>&message=<seq>`, or `?key=<key>&title=<title>&context=<link>` in a link from another program. The
 * button "back" of the browser and of a telephone works with it.
 */
export interface Route {
  readonly discussion?: string;
  readonly seq?: number;
  /** The contextual discussion of this key. It is created when there is none; it is replaced by the id as soon as that is known. */
  readonly contextual?: ContextualRoute;
}

export interface ContextualRoute {
  readonly key: string;
  readonly title?: string;
  readonly context?: string;
}

/** Maximum characters of a title, as in the contract. A longer one is cut, so that a link with a long title still opens. */
const MAX_TITLE_CHARS = 200;
const PARAMETERS = ['discussion', 'message', 'key', 'title', 'context'];

const CHANGED = 'sluice-route';

/** Reads the route of an address. */
export function readRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const discussion = query.get('discussion') ?? undefined;
  const key = query.get('key')?.trim();
  if (!discussion && key) {
    const title = query.get('title')?.trim().slice(0, MAX_TITLE_CHARS);
    const context = query.get('context')?.trim();
    return { contextual: { key, ...(title && { title }), ...(context && { context }) } };
  }
  const seq = Number(query.get('message') ?? NaN);
  return { ...(discussion && { discussion }), ...(discussion && Number.isSafeInteger(seq) && seq > 0 && { seq }) };
}

/** Returns the address with another discussion; parameters of other kinds stay. */
export function writeRoute(search: string, { discussion, seq }: Omit<Route, 'contextual'>): string {
  const query = new URLSearchParams(search);
  for (const name of PARAMETERS) query.delete(name);
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

/** How a route enters the history of the browser. */
type Navigation = 'push' | 'replace';

export function useRoute(): { route: Route; go: (next: Omit<Route, 'contextual'>, navigation?: Navigation) => void } {
  const route = useSyncExternalStore(subscribe, currentRoute);
  const go = useCallback((next: Omit<Route, 'contextual'>, navigation: Navigation = 'push') => {
    const address = location.pathname + writeRoute(location.search, next);
    if (navigation === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
    dispatchEvent(new Event(CHANGED));
  }, []);
  return { route, go };
}
