import { createParamDecorator, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { PluginConnections } from '@sluice/plugin-api';
import type { Conversations } from '../conversations.js';
import { conversationsFail } from '../failures.js';
import { isServer } from '../scopes.js';
import { asHttp } from './problem.js';

/** Somebody who manages people: an operator, or server code of their application. */
export interface Management {
  readonly conversations: Conversations;
  /** Absent: an operator, who manages the people of all applications. */
  readonly application?: { readonly subscriber: string; readonly id: string };
}

interface Request {
  readonly headers: { readonly authorization?: string };
  readonly params: { readonly connection?: string };
  management?: Management;
}

/** Admits tokens with the scope `admin` or `conversations:server`. */
@Injectable()
export class ManagerGuard implements CanActivate {
  constructor(@Inject(PluginConnections) private readonly connections: PluginConnections) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    try {
      request.management = await this.#management(request);
      return true;
    } catch (error) {
      throw asHttp(error);
    }
  }

  async #management({ headers, params: { connection = '' } }: Request): Promise<Management> {
    const all = this.connections.of<Conversations>('conversations');
    const [first] = all.values();
    const open = all.get(connection) ?? first;
    if (!open) throw conversationsFail.CONVERSATIONS_MISSING('sluice.yaml has no connection that uses conversations');
    const conversations = await open();
    const bearer = await conversations.tokens.verify(/^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]);
    const isOperator = bearer.scopes.includes('admin');
    if (!isOperator && !isServer(bearer)) conversations.tokens.requireScope(bearer, 'admin');
    if (!all.has(connection))
      throw conversationsFail.CONVERSATIONS_MISSING(`there is no connection "${connection}" that uses conversations`);
    if (isOperator) return { conversations };
    const { subscriber, application } = await conversations.people.callerOf(bearer);
    return { conversations, application: { subscriber, id: application } };
  }
}

/** The {@link Management} of a request that the guard has accepted. */
export const Manager = createParamDecorator((_: unknown, context: ExecutionContext): Management => {
  const { management } = context.switchToHttp().getRequest<Request>();
  if (!management) throw new Error('this route has no ManagerGuard');
  return management;
});
