import { z } from 'zod';
import type { AdminRoute } from './route.js';
import { PROBLEM } from './schemas.js';

type Json = Readonly<Record<string, unknown>>;

/** The parts of an OpenAPI 3.0 document that describe a table of routes. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

/** Errors of every route. */
const COMMON_ERRORS: Readonly<Record<number, readonly string[]>> = { 400: ['INPUT_INVALID'], 500: ['INTERNAL'] };
const TOKEN_ERRORS: Readonly<Record<number, readonly string[]>> = {
  401: ['TOKEN_MISSING', 'TOKEN_INVALID'],
  403: ['FORBIDDEN'],
  503: ['BUS_UNAVAILABLE', 'STORE_UNAVAILABLE'],
};

/** Returns the error codes of a route by status, in ascending order. */
export function errorsOf({
  scope,
  errors = {},
  method,
}: AdminRoute): readonly (readonly [status: number, codes: readonly string[]])[] {
  const bodies = method === 'POST' ? { 413: ['BODY_TOO_LARGE'], 415: ['MEDIA_TYPE'], 429: ['TOO_MANY_BODIES'] } : {};
  const all = { ...COMMON_ERRORS, ...(scope === 'none' ? {} : TOKEN_ERRORS), ...bodies, ...errors };
  return Object.entries(all).map(([status, codes]) => [Number(status), codes] as const);
}

/** Returns paths and schemas of an OpenAPI 3.0 document. @param tag the tag of the routes */
export function openApi(routes: Readonly<Record<string, AdminRoute>>, tag: string): OpenApi {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, route] of Object.entries(routes))
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(name, route, tag) };
  return { paths, components: { schemas: { Problem: schemaOf(PROBLEM) } } };
}

function operationOf(name: string, route: AdminRoute, tag: string): Json {
  const { summary, status, response, plugin, scope } = route;
  const fields = schemaOf(route.request) as { properties?: Readonly<Record<string, Json>>; required?: readonly string[] };
  const inPath = (field: string) => route.path.includes(`{${field}}`);
  const parameters = Object.entries(fields.properties ?? {}).filter(([field]) => inPath(field) || route.method === 'GET');
  const body = Object.entries(fields.properties ?? {}).filter(([field]) => !inPath(field) && route.method === 'POST');
  const required = (fields.required ?? []).filter((field) => body.some(([each]) => each === field));
  return {
    operationId: name,
    tags: [tag],
    summary,
    ...(plugin !== undefined && { description: `Served by a connection of the plugin ${plugin}.` }),
    ...(scope !== 'none' && { security: [{ bearer: [] }], 'x-scope': scope }),
    parameters: parameters.map(([field, schema]) => ({
      name: field,
      in: inPath(field) ? 'path' : 'query',
      required: inPath(field) || (fields.required ?? []).includes(field),
      schema,
    })),
    ...(body.length > 0 && {
      requestBody: {
        required: required.length > 0,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: Object.fromEntries(body),
              ...(required.length > 0 && { required }),
              additionalProperties: false,
            },
          },
        },
      },
    }),
    responses: {
      [status]: {
        description: 'Success',
        ...(response !== null && { content: { 'application/json': { schema: schemaOf(response) } } }),
      },
      ...Object.fromEntries(
        errorsOf(route).map(([code, names]) => [
          code,
          {
            description: names.join(', '),
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
    },
  };
}

/** Returns the schema as a caller writes and reads it. */
function schemaOf(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { io: 'input', target: 'openapi-3.0' });
}
