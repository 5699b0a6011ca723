import type { HttpRequest, HttpRoute, Reply } from '@sluice/plugin-api';
import { hostFail } from '../failures.js';

export interface Route extends HttpRoute {
  readonly handle: (request: HttpRequest) => Promise<Reply>;
}

interface Entry {
  readonly route: Route;
  readonly segments: readonly string[];
}

/** Routes that plugins add and remove while the server runs. `{name}` matches one segment; a literal segment has priority. */
export class RouteTable {
  #entries: readonly Entry[] = [];

  /** Adds a route and returns a function that removes it. Throws when method and path are already used. */
  add(route: Route): () => void {
    const entry = { route, segments: route.path.split('/') };
    const same = this.#entries.some(
      (other) => other.route.method === route.method && shape(other.segments) === shape(entry.segments),
    );
    if (same) throw new Error(`${route.method} ${route.path} is taken by another flow`);
    this.#entries = [...this.#entries, entry].sort((a, b) => parametersOf(a) - parametersOf(b));
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /** Returns the route of a request. Throws `NO_ROUTE` or `METHOD_NOT_ALLOWED`. */
  find(method: string, path: string): { readonly route: Route; readonly params: Readonly<Record<string, string>> } {
    const segments = path.split('/');
    const fitting = this.#entries.filter((entry) => fits(entry.segments, segments));
    if (fitting.length === 0) throw hostFail.NO_ROUTE(`no flow listens to ${path}`);
    const found = fitting.find((entry) => entry.route.method === method);
    if (!found)
      throw hostFail.METHOD_NOT_ALLOWED(`${path} takes ${fitting.map((entry) => entry.route.method).join(', ')}, not ${method}`);
    return { route: found.route, params: paramsOf(found.segments, segments) };
  }
}

const isParameter = (segment: string) => segment.startsWith('{') && segment.endsWith('}');
const shape = (segments: readonly string[]) => segments.map((one) => (isParameter(one) ? '{}' : one)).join('/');
const parametersOf = (entry: Entry) => entry.segments.filter(isParameter).length;

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((one, index) => (isParameter(one) ? segments[index] !== '' : one === segments[index]))
  );
}

function paramsOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> {
  const pairs = pattern.flatMap((one, index) => (isParameter(one) ? [[one.slice(1, -1), segments[index] ?? ''] as const] : []));
  return Object.fromEntries(pairs);
}
