import type { ErrorView, EventAttributes } from '@sluice/plugin-api';
import { z } from 'zod';

/** Key of `attributes.meta` under which the attempt of a module's handler travels with its event. */
const META = 'module';

/** An attempt of a handler of a plugin's module at an event. */
export type HandlerAttempt =
  /** The handler is to be called. `attempt` counts from 1. */
  | { readonly kind: 'pending'; readonly attempt: number }
  /** The handler has failed and has no further attempt. `queue` is the queue that it consumes. */
  | { readonly kind: 'failed'; readonly attempt: number; readonly queue: string; readonly error: ErrorView };

/** As it is written: a failed attempt has a queue and an error. */
const WRITTEN = z.looseObject({
  attempt: z.int().min(1).default(1),
  queue: z.string().startsWith('module.').optional(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
});

/** Returns the attempt that travels with the event; undefined for an event that no handler has failed at. */
export function handlerAttemptOf({ meta }: Pick<EventAttributes, 'meta'>): HandlerAttempt | undefined {
  if (meta?.[META] === undefined) return undefined;
  const { success, data } = WRITTEN.safeParse(meta[META]);
  if (!success) return undefined;
  const { attempt, queue, error } = data;
  if (queue === undefined || error === undefined) return { kind: 'pending', attempt };
  return { kind: 'failed', attempt, queue, error: error as unknown as ErrorView };
}

/** Returns the attributes with this attempt. */
export function withHandlerAttempt(attributes: EventAttributes, { kind: _kind, ...written }: HandlerAttempt): EventAttributes {
  return { ...attributes, meta: { ...attributes.meta, [META]: written } };
}

/** Returns the attributes as the event was published, for a new first attempt. */
export function withoutHandlerAttempt(attributes: EventAttributes): EventAttributes {
  const { [META]: _attempt, ...meta } = attributes.meta ?? {};
  return { ...attributes, meta };
}
