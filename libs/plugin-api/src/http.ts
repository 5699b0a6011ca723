import type { Reply } from './events.js';
import type { FormValue } from './form.js';

/** The owner of a token, and the rights that both the token requests and its issuer may grant. */
export interface Bearer {
  /** Full name: `<issuer>/<sub>`. */
  readonly user: string;
  readonly issuer: string;
  readonly sub: string;
  readonly scopes: readonly string[];
  /** Patterns of event types that may be published. */
  readonly events: readonly string[];
  /** Patterns of paths below `/in/` that the owner may call. Absent: the issuer does not restrict paths. */
  readonly endpoints?: readonly string[];
  /** Patterns of topics to which the owner may subscribe. */
  readonly topics: readonly string[];
  /** Telephone extension and groups. They come from the token, never from the client. */
  readonly extension?: string;
  readonly groups: readonly string[];
  /** The workplaces that a client of this token may name, one at a time. Absent: any workplace. Empty: no workplace. */
  readonly workplaces?: readonly string[];
  /** Milliseconds since 1970. Sessions that were opened with the token end at this time. */
  readonly expiresAt: number;
}

/** Returns the name of a bearer, as it stands in `source` of its events. */
export function sourceOf(bearer: Pick<Bearer, 'issuer' | 'sub'>): string {
  return `/issuers/${bearer.issuer}/${encodeURIComponent(bearer.sub)}`;
}

/** An HTTP endpoint of a plugin. */
export interface HttpRoute {
  readonly method: string;
  /** Begins with `/in/` or `/mailbox/`; `{name}` stands for one segment. */
  readonly path: string;
  /** The scope that the token needs. `false`: the host checks no token, and the plugin authenticates the sender. */
  readonly scope: string | false;
  /** Maximum size of the body in bytes. A larger body is answered with 413. */
  readonly limit?: number;
}

/** A request to an endpoint of a plugin. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** The segments of the path that the route names, percent-decoded: `%2F` in the URL is a slash here. */
  readonly params: Readonly<Record<string, string>>;
  /** A parameter that occurs several times has a list. */
  readonly query: Readonly<Record<string, FormValue>>;
  /** Lower-case names, without `authorization` and `cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The header as it arrived, with its parameters; empty when there is no body. */
  readonly contentType: string;
  readonly body: Uint8Array;
  /** `sub` of the token. Absent on a route without a token, like the two fields below. */
  readonly authid?: string;
  /** The name of the sender as the host writes it into events. */
  readonly source?: string;
  /** The owner of the token and its rights. */
  readonly bearer?: Bearer;
}

/** The services that the engine provides to a trigger without a connection, such as an HTTP endpoint. */
export interface RouteRegistrar {
  /**
   * Registers a route.
   *
   * @param handle answers a request. A SluiceError that it throws becomes an HTTP status according to its fate.
   * @returns the function that removes the route.
   */
  http(route: HttpRoute, handle: (request: HttpRequest) => Promise<Reply>): () => void;
}
