import type { z } from 'zod';
import type { AdminRoute, RequestOf } from './route.js';

/** The parts of an HTTP request. */
export interface RawRequest {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** The parsed JSON; undefined without a body. */
  readonly body: unknown;
}

/** A request that does not fit its route. The message names the field and the reason. */
export class RequestError extends Error {
  readonly statusCode = 400;
}

/**
 * Reads the request of a route and sets the defaults.
 *
 * @throws RequestError when a field is unknown, missing or invalid
 */
export function readRequest<Route extends AdminRoute>(route: Route, { params, query, body }: RawRequest): RequestOf<Route> {
  const name = `${route.method} ${route.path}`;
  const allowed = Object.keys(route.request.shape).filter((field) => !(field in params));
  if (route.method === 'GET') {
    refuseUnknown(name, 'query', query, allowed);
    return parse(route, { ...query, ...params }) as RequestOf<Route>;
  }
  refuseUnknown(name, 'query', query, []);
  const fields = body ?? {};
  if (typeof fields !== 'object' || Array.isArray(fields)) throw new RequestError(`${name}: the body is not a JSON object`);
  refuseUnknown(name, 'body', fields, allowed);
  return parse(route, { ...fields, ...params }) as RequestOf<Route>;
}

function refuseUnknown(name: string, part: string, fields: object, allowed: readonly string[]): void {
  const unknown = Object.keys(fields).find((field) => !allowed.includes(field));
  if (unknown === undefined) return;
  const takes = allowed.length === 0 ? `${name} has none` : `${name} has ${allowed.join(', ')}`;
  throw new RequestError(`unknown field ${JSON.stringify(unknown.slice(0, 100))} in the ${part}: ${takes}`);
}

function parse({ request }: AdminRoute, fields: object): Readonly<Record<string, unknown>> {
  const parsed = request.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new RequestError(parsed.error.issues.map(issueText).join('; '));
}

function issueText(issue: z.core.$ZodIssue): string {
  const { path } = issue;
  return path.length === 0 ? reasonOf(issue) : `${path.join('.')}: ${reasonOf(issue)}`;
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big' && issue.origin === 'string') return `has more than ${issue.maximum} characters`;
  if (issue.code === 'too_small' && issue.origin === 'string' && issue.minimum === 1) return 'is empty';
  return issue.message;
}
