import { createParamDecorator, Inject, Injectable, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { PluginConnections, type Bearer, type Closable, type Tokens } from '@sluice/plugin-api';

/** A client of a connection that can verify tokens. */
export interface ConnectionClient extends Closable {
  readonly tokens: Tokens;
}

export interface ConnectionGuardOptions<Client extends ConnectionClient, Visit extends object> {
  /** Name of the plugin whose connections the routes serve. */
  readonly plugin: string;
  /** Name of the path parameter that contains the name of a connection. Routes without it use the first connection. */
  readonly parameter: string;
  /** Returns the error for a connection that does not exist. `name` is undefined if there is no connection at all. */
  readonly missing: (name: string | undefined) => Error;
  /** Throws if the bearer may not send requests of this method. */
  readonly authorize: (client: Client, bearer: Bearer, method: string) => void;
  /** Returns what the routes receive. */
  readonly visit: (client: Client, bearer: Bearer) => Visit | Promise<Visit>;
  /** Converts an error to a response; see `problems`. */
  readonly asHttp: (error: unknown) => unknown;
}

export interface ConnectionGuard {
  /** For `@UseGuards`. */
  readonly Guard: Type<CanActivate>;
  /** Parameter decorator: the visit of a request that the guard has accepted. */
  readonly Visitor: () => ParameterDecorator;
}

interface Request {
  readonly method: string;
  readonly headers: { readonly authorization?: string };
  readonly params: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns a guard for the routes of a plugin's connections. It checks the token in the header `authorization`, and nothing else: cookies grant no access,
 * so that no other site can make a browser write in its user's name. Names of connections are answered to authorized bearers only.
 */
export function connectionGuard<Client extends ConnectionClient, Visit extends object>(
  options: ConnectionGuardOptions<Client, Visit>,
): ConnectionGuard {
  const { plugin, parameter, missing, authorize, visit, asHttp } = options;
  const visits = new WeakMap<Request, Visit>();

  @Injectable()
  class Guard implements CanActivate {
    constructor(@Inject(PluginConnections) private readonly connections: PluginConnections) {}

    async canActivate(context: ExecutionContext): Promise<boolean> {
      const request = context.switchToHttp().getRequest<Request>();
      try {
        visits.set(request, await this.#visit(request));
        return true;
      } catch (error) {
        throw asHttp(error);
      }
    }

    async #visit({ method, headers, params }: Request): Promise<Visit> {
      const all = this.connections.of<Client>(plugin);
      const name = params[parameter];
      const [first] = all.values();
      // the tokens of all connections belong to the host, so any of them can verify them, also for an unknown name
      const open = name === undefined ? first : (all.get(name) ?? first);
      if (!open) throw missing(undefined);
      const client = await open();
      const bearer = await client.tokens.verify(/^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]);
      authorize(client, bearer, method);
      if (name !== undefined && !all.has(name)) throw missing(name);
      return visit(client, bearer);
    }
  }

  const Visitor = createParamDecorator((_: unknown, context: ExecutionContext): Visit => {
    const found = visits.get(context.switchToHttp().getRequest<Request>());
    if (!found) throw new Error(`this route has no guard of the connections of ${plugin}`);
    return found;
  });
  return { Guard, Visitor };
}
