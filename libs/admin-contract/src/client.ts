import type { AdminRoute, RequestInput, ResponseOf } from './route.js';
import { ADMIN_ROUTES, type AdminRouteName } from './routes.js';

/** A function for each route. It rejects with the error of the transport, and with a {@link ContractError}. */
export type AdminClient = {
  readonly [Name in AdminRouteName]: (
    request: RequestInput<(typeof ADMIN_ROUTES)[Name]>,
  ) => Promise<ResponseOf<(typeof ADMIN_ROUTES)[Name]>>;
};

/**
 * Sends a request and returns the parsed JSON of a success; undefined without a body. Rejects for every other answer.
 *
 * @param path path and query
 * @param body of a POST
 */
export type Transport = (method: AdminRoute['method'], path: string, body?: object) => Promise<unknown>;

/** The host answered in another format, as a host of another release does. */
export class ContractError extends Error {}

/** Returns a client of the admin API. Responses are checked; fields that this release does not know are left out. */
export function adminClient(send: Transport): AdminClient {
  const functions = Object.entries<AdminRoute>(ADMIN_ROUTES).map(([name, route]) => [
    name,
    async (request: Readonly<Record<string, unknown>>) => readResponse(route, await send(...requestOf(route, request))),
  ]);
  return Object.fromEntries(functions) as AdminClient;
}

function requestOf(route: AdminRoute, request: Readonly<Record<string, unknown>>): Parameters<Transport> {
  const rest = new Map(Object.entries(request).filter(([, value]) => value !== undefined));
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest.get(name));
    rest.delete(name);
    return encodeURIComponent(value);
  });
  if (route.method === 'POST') return ['POST', path, Object.fromEntries(rest)];
  const query = new URLSearchParams([...rest].map(([name, value]) => [name, String(value)] as [string, string])).toString();
  return ['GET', query === '' ? path : `${path}?${query}`];
}

function readResponse({ method, path, response }: AdminRoute, body: unknown): unknown {
  if (response === null) return undefined;
  const parsed = response.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? '' : ` (${[...issue.path.map(String), issue.message].join(': ')})`;
  throw new ContractError(
    `the host answered ${method} ${path} in another format${where}: use the command line of the release that the host runs`,
  );
}
