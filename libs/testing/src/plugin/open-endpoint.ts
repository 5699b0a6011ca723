import type { Accept, AnyHostTrigger, Doors, HttpRequest, HttpRoute, NewEvent, Reply } from '@sluice/plugin-api';
import type { z } from 'zod';

/** A request as a sender makes it. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An endpoint behind a door in memory. */
export interface OpenedEndpoint {
  readonly route: HttpRoute;
  readonly accepted: readonly NewEvent[];
  /** Rejects with what the endpoint throws; the real door makes a status of it. */
  readonly request: (request: SentRequest) => Promise<Reply>;
  /** Resolves when the endpoint has taken its route away. */
  readonly close: () => Promise<void>;
}

export interface EndpointOptions {
  /** What the flow replies. A rejection stands for a reply that never came. Default: 204. */
  readonly reply?: (event: NewEvent) => Promise<Reply>;
  /** Stands for a broker that does not confirm. */
  readonly refuse?: () => Error;
}

/** Opens one host trigger on a door in memory. `options` is what stands in `trigger.with`; throws when it does not fit. */
export async function openEndpoint(
  trigger: AnyHostTrigger,
  options: unknown,
  behaviour: EndpointOptions = {},
): Promise<OpenedEndpoint> {
  const door = new MemoryDoor();
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
  const listening = trigger.listen(door, parsed, accept, ending.signal);
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
      if (door.isOpen) throw new Error('the endpoint ended and left its route');
    },
  };
}

class MemoryDoor implements Doors {
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

/** The values of `{name}` segments, or undefined when the path is another. */
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
