import type { HttpRequest, HttpRoute, Reply } from '@sluice/plugin-api';
import findMyWay, { type HTTPMethod, type HTTPVersion, type Instance } from 'find-my-way';
import { hostFail } from '../failures.js';

export interface Route extends HttpRoute {
  readonly handle: (request: HttpRequest) => Promise<Reply>;
}

/** The limit of the URL is that of Node's HTTP server, 16 KiB for all headers. */
const MAX_PARAMETER_LENGTH = 16 * 1024;

/**
 * Routes that plugins add and remove while the server runs. `{name}` matches one segment that is not empty; a literal segment has priority.
 * Letter case and a slash at the end count.
 */
export class RouteTable {
  /** By method and path without the names of its parameters. */
  readonly #routes = new Map<string, Route>();
  /** Made at the next request after a change: the router rebuilds its whole tree when a route is removed. */
  #router: Instance<HTTPVersion.V1> | undefined;

  /** Adds a route and returns a function that removes it. Throws when method and path are already used. */
  add(route: Route): () => void {
    const key = `${route.method} ${route.path.replace(PARAMETERS, '{}')}`;
    if (this.#routes.has(key)) throw new Error(`${route.method} ${route.path} is taken by another flow`);
    this.#routes.set(key, route);
    this.#router = undefined;
    return () => {
      if (this.#routes.get(key) !== route) return;
      this.#routes.delete(key);
      this.#router = undefined;
    };
  }

  /**
   * Returns the route of a request, and its parameters with all percent-encoded characters decoded once: `%2F` is a slash of the value. A
   * HEAD request has the route of GET (RFC 9110, section 9.3.2).
   *
   * @param path the path of the URL as it arrived, without the query
   * @throws `NO_ROUTE` or `METHOD_NOT_ALLOWED` with the allowed methods as `details.allow`
   */
  find(method: string, path: string): { readonly route: Route; readonly params: Readonly<Record<string, string>> } {
    const found = this.#match(method === 'HEAD' ? 'GET' : method, path);
    if (found) return found;
    const methods = new Set([...this.#routes.values()].map((route) => route.method));
    const allow = [...methods].filter((other) => this.#match(other, path));
    if (allow.length === 0) throw hostFail.NO_ROUTE(`no flow listens to ${path}`);
    if (allow.includes('GET')) allow.push('HEAD');
    throw hostFail.METHOD_NOT_ALLOWED(`${path} takes ${allow.join(', ')}, not ${method}`, { details: { allow } });
  }

  #match(method: string, path: string): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | undefined {
    // find-my-way would ignore a fragment, and the scheme and host of an absolute request target, but rights are checked for the whole path
    if (!path.startsWith('/') || path.includes('#')) return undefined;
    const router = (this.#router ??= routerOf(this.#routes.values()));
    const found = router.find(method as HTTPMethod, path);
    if (!found) return undefined;
    const params = found.params as Record<string, string>;
    // find-my-way lets a parameter match an empty segment
    return Object.values(params).includes('') ? undefined : { route: found.store as Route, params: { ...params } };
  }
}

const PARAMETERS = /\{[^/]*\}/g;

function routerOf(routes: Iterable<Route>): Instance<HTTPVersion.V1> {
  const router = findMyWay({ caseSensitive: true, maxParamLength: MAX_PARAMETER_LENGTH });
  for (const route of routes) {
    const path = route.path.replace(PARAMETERS, (parameter) => `:${parameter.slice(1, -1)}`);
    router.on(route.method as HTTPMethod, path, () => undefined, route);
  }
  return router;
}
