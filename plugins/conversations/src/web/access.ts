import { createParamDecorator, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { PluginConnections } from '@sluice/plugin-api';
import type { Conversations } from '../conversations.js';
import type { Actor } from '../discussions/discussions.js';
import { conversationsFail } from '../failures.js';
import type { Caller } from '../people/people.js';
import { isServer, requireConverse } from '../scopes.js';
import { asHttp } from './problem.js';

/** The caller of a request, and the conversations that it concerns. */
export interface Visit {
  readonly conversations: Conversations;
  readonly caller: Caller;
  readonly actor: Actor;
}

interface Request {
  readonly headers: { readonly authorization?: string };
  readonly params: { readonly connection?: string };
  visit?: Visit;
}

/**
 * Checks the token in the header `authorization`, and nothing else. Cookies grant no access, so that no other site can make a browser write
 * in its user's name.
 */
@Injectable()
export class ConversationsGuard implements CanActivate {
  constructor(@Inject(PluginConnections) private readonly connections: PluginConnections) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    try {
      request.visit = await this.#visit(request);
      return true;
    } catch (error) {
      throw asHttp(error);
    }
  }

  async #visit({ headers, params: { connection } }: Request): Promise<Visit> {
    const all = this.connections.of<Conversations>('conversations');
    const [first] = all.values();
    // the tokens of all connections belong to the host, so any of them can verify them, also for an unknown name
    const open = connection === undefined ? first : (all.get(connection) ?? first);
    if (!open) throw conversationsFail.CONVERSATIONS_MISSING('sluice.yaml has no connection that uses conversations');
    const conversations = await open();
    const bearer = await conversations.tokens.verify(/^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]);
    requireConverse(bearer);
    if (connection !== undefined && !all.has(connection))
      throw conversationsFail.CONVERSATIONS_MISSING(`there is no connection "${connection}" that uses conversations`);
    const caller = await conversations.people.callerOf(bearer);
    return {
      conversations,
      caller,
      actor: { subscriber: caller.subscriber, person: caller.person, isServer: isServer(bearer) },
    };
  }
}

/** The {@link Visit} of a request that the guard has accepted. */
export const Visitor = createParamDecorator((_: unknown, context: ExecutionContext): Visit => {
  const { visit } = context.switchToHttp().getRequest<Request>();
  if (!visit) throw new Error('this route has no ConversationsGuard');
  return visit;
});
