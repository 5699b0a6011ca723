import {
  systemClock,
  type Accept,
  type AnyHostTrigger,
  type RouteRegistrar,
  type HttpRequest,
  type HttpRoute,
  type NewEvent,
  type Reply,
} from '@sluice/plugin-api';
import type { z } from 'zod';

/** A request from the view of its sender. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A host trigger with its endpoint, in memory. */
export interface OpenedEndpoint {
  readonly route: HttpRoute;
  readonly accepted: readonly NewEvent[];
  /** Sends a request. Rejects with the error of the endpoint, which a real host converts to an HTTP status. */
  readonly request: (request: SentRequest) => Promise<Reply>;
  /** Stops the trigger and resolves when it has removed its route. */
  readonly close: () => Promise<void>;
}

/** Behaviour of the engine behind the endpoint. */
export interface EndpointOptions {
  /** Returns the reply of the flow. A rejection stands for a missing reply. Default: 204. */
  readonly reply?: (event: NewEvent) => Promise<Reply>;
  /** Returns the error with which `accept` rejects, for example of a broker that does not confirm. */
  readonly refuse?: () => Error;
}

/**
 * Opens one host trigger with an HTTP endpoint in memory.
 *
 * @param options the value of `trigger.with`.
 * @throws when the options do not match the schema, and when the trigger registers no route.
 */
export async function openEndpoint(
  trigger: AnyHostTrigger,
  options: unknown,
  behaviour: EndpointOptions = {},
): Promise<OpenedEndpoint> {
  const door = new MemoryRoutes();
  const ending = new AbortController();
  const accepted: NewEvent[] = [];
  const accept: Accept = async (event, { reply } = {}) => {
    if (behaviour.refuse) throw behaviour.refuse();
    accepted.push(event);
    const id = event.id ?? `event-${accepted.length}`;
    if (!reply) return { id };
    return { id, reply: behaviour.reply?.(event) ?? Promise.resolve({ status: 204, headers: {} }) };
  };
  const parsed = (trigger.options as z.ZodType).parse(options);
  const listening = trigger.listen(door, parsed, accept, ending.signal, systemClock);
  const route = await Promise.race([
    door.opened,
    listening.then(() => Promise.reject(new Error('the endpoint ended without a route'))),
  ]);
  return {
    route,
    accepted,
    request: (request) => door.request(request),
    async close() {
      ending.abort();
      await listening;
      if (door.isOpen) throw new Error('the endpoint ended without removing its route');
    },
  };
}

class MemoryRoutes implements RouteRegistrar {
  isOpen = false;
  readonly opened: Promise<HttpRoute>;
  private open: (route: HttpRoute) => void = () => undefined;
  private route: HttpRoute | undefined;
  private handle: ((request: HttpRequest) => Promise<Reply>) | undefined;

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }

  http(route: HttpRoute, handle: (request: HttpRequest) => Promise<Reply>): () => void {
    this.isOpen = true;
    this.route = route;
    this.handle = handle;
    this.open(route);
    return () => (this.isOpen = false);
  }

  async request({ method, path, query = {}, headers = {}, body = '' }: SentRequest): Promise<Reply> {
    const params = this.route?.method === method ? matchPath(this.route.path, path) : undefined;
    if (!this.handle || !this.isOpen || !params) return { status: 404, headers: {} };
    const bytes = Buffer.from(body);
    if (this.route?.limit !== undefined && bytes.length > this.route.limit) return { status: 413, headers: {} };
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    return this.handle({ method, path, params, query, headers: lower, contentType: lower['content-type'] ?? '', body: bytes });
  }
}

/** Returns the values of the `{name}` segments, or undefined when the path does not match. */
function matchPath(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name !== undefined) params[name] = decodeURIComponent(given[index] ?? '');
    else if (part !== given[index]) return undefined;
  }
  return params;
}
