import type { AnyPlugin, HttpRoute, Idempotence, SourceKind } from '@sluice/plugin-api';
import type { z } from 'zod';

/** The parts of an action that lint uses. */
export interface ActionContract {
  readonly title: string;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  readonly idempotent: Idempotence | ((input: unknown) => Idempotence);
}

/** The parts of a trigger that lint uses. */
export interface TriggerContract {
  readonly title: string;
  readonly options: z.ZodType;
  readonly output: z.ZodType;
  readonly source?: SourceKind;
  /** Only of a trigger that needs no connection: the metadata that its transport adds to an event. */
  readonly meta?: z.ZodType;
  /** Only of a trigger that registers an HTTP route with the host. */
  readonly route?: (options: unknown) => RequestRoute;
}

/** The requests that a route receives. */
export type RequestRoute = Pick<HttpRoute, 'method' | 'path'>;

export function actionOf(plugin: AnyPlugin | undefined, name: string): ActionContract | undefined {
  return plugin && Object.hasOwn(plugin.actions, name) ? plugin.actions[name] : undefined;
}

export function triggerOf(plugin: AnyPlugin | undefined, name: string): TriggerContract | undefined {
  return plugin && Object.hasOwn(plugin.triggers, name) ? plugin.triggers[name] : undefined;
}

/** Returns whether the plugin opens connections: its schema for connections then rejects null. */
export function opensConnections(plugin: AnyPlugin): boolean {
  return !plugin.connection.safeParse(null).success;
}

/** Returns whether the trigger belongs to the host itself, such as an HTTP endpoint. */
export function isHostTrigger(trigger: TriggerContract): boolean {
  return trigger.meta !== undefined;
}
