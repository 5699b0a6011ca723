import { createParamDecorator, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { PluginConnections, type Bearer } from '@sluice/plugin-api';
import { timelineFail } from '../failures.js';
import type { BookingCalendar } from '../booking-calendar.js';
import { mayWrite, READ, WRITE } from '../scopes.js';
import { asHttp } from './problem.js';

/** The caller of a request, and the booking calendar that it concerns. */
export interface Visit {
  readonly calendar: BookingCalendar;
  readonly bearer: Bearer;
  readonly canWrite: boolean;
}

interface Request {
  readonly method: string;
  readonly headers: { readonly authorization?: string };
  readonly params: { readonly journal?: string };
  visit?: Visit;
}

/**
 * Checks the token in the header `authorization`, and nothing else. Cookies grant no access, so that no other site can make a browser write
 * in its user's name.
 */
@Injectable()
export class TimelineGuard implements CanActivate {
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

  async #visit({ method, headers, params }: Request): Promise<Visit> {
    const calendars = this.connections.of<BookingCalendar>('timeline');
    const [first] = calendars.values();
    // the tokens of all calendars belong to the host, so any calendar can verify them, also for an unknown name
    const open = params.journal === undefined ? first : (calendars.get(params.journal) ?? first);
    if (!open) throw timelineFail.TIMELINE_MISSING('sluice.yaml has no connection that uses timeline');
    const calendar = await open();
    const bearer = await calendar.tokens.verify(/^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]);
    const canWrite = mayWrite(bearer);
    if (method !== 'GET') calendar.tokens.requireScope(bearer, WRITE);
    else if (!canWrite) calendar.tokens.requireScope(bearer, READ);
    if (params.journal !== undefined && !calendars.has(params.journal))
      throw timelineFail.TIMELINE_MISSING(`there is no booking calendar "${params.journal}"`);
    return { calendar, bearer, canWrite };
  }
}

/** The {@link Visit} of a request that the guard has accepted. */
export const Visitor = createParamDecorator((_: unknown, context: ExecutionContext): Visit => {
  const { visit } = context.switchToHttp().getRequest<Request>();
  if (!visit) throw new Error('this route has no TimelineGuard');
  return visit;
});
