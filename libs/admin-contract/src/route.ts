import type { z } from 'zod';

/** One route of the admin API. */
export interface AdminRoute<Request extends z.ZodObject = z.ZodObject, Response extends z.ZodType | null = z.ZodType | null> {
  readonly method: 'GET' | 'POST';
  /** The path with its parameters in braces, such as `/api/parked/{run}`. */
  readonly path: string;
  /** The scope that the token needs; `admin` includes `viewer`. `none`: the route needs no token. */
  readonly scope: 'viewer' | 'admin' | 'none';
  readonly summary: string;
  /** Parameters of the path, together with the query of a GET or the body of a POST. Unknown fields are refused. */
  readonly request: Request;
  /** Status of a success. */
  readonly status: 200 | 202 | 204;
  /** The body of a success; null with the status 204. */
  readonly response: Response;
  /** Error codes of this route by status, besides those that every route has. */
  readonly errors?: Readonly<Record<number, readonly string[]>>;
  /** The plugin that serves the route; absent: the host. */
  readonly plugin?: string;
  /**
   * Present for an action, which is recorded in the audit log. Returns the object of the action, without secrets and without data of events.
   */
  target?(request: z.output<Request>): string;
}

type Definition<Request extends z.ZodObject, Response extends z.ZodType | null> = Omit<
  AdminRoute<Request, Response>,
  'method' | 'target'
>;

/** Defines a route that changes nothing. */
export function reading<Request extends z.ZodObject, Response extends z.ZodType>(
  definition: Definition<Request, Response>,
): AdminRoute<Request, Response> {
  return { ...definition, method: 'GET' };
}

/** Defines a route that changes something: a POST, which must have a target. */
export function action<Request extends z.ZodObject, Response extends z.ZodType | null>(
  definition: Definition<Request, Response> & { target(request: z.output<Request>): string },
): AdminRoute<Request, Response> {
  return { ...definition, method: 'POST' };
}

/** A request after defaults were set. */
export type RequestOf<Route extends AdminRoute> = z.output<Route['request']>;
/** A request as a caller writes it: fields with a default are optional. */
export type RequestInput<Route extends AdminRoute> = z.input<Route['request']>;
/** The body of a success as JSON; times are ISO 8601. */
export type ResponseOf<Route extends AdminRoute> = Route['response'] extends z.ZodType
  ? DeepReadonly<z.output<Route['response']>>
  : void;

/** The type with all properties and lists read-only. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
