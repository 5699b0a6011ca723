import type { AnyPlugin, Idempotence, SourceKind } from '@sluice/plugin-api';
import type { z } from 'zod';

/** What is checked of an action. */
export interface ActionContract {
  readonly title: string;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  readonly idempotent: Idempotence | ((input: unknown) => Idempotence);
}

/** What is checked of a trigger. */
export interface TriggerContract {
  readonly title: string;
  readonly options: z.ZodType;
  readonly output: z.ZodType;
  readonly source?: SourceKind;
  /** Of a trigger that needs no connection: what belongs to the carrier of its events. */
  readonly meta?: z.ZodType;
}

export function actionOf(plugin: AnyPlugin | undefined, name: string): ActionContract | undefined {
  return plugin && Object.hasOwn(plugin.actions, name) ? plugin.actions[name] : undefined;
}

export function triggerOf(plugin: AnyPlugin | undefined, name: string): TriggerContract | undefined {
  return plugin && Object.hasOwn(plugin.triggers, name) ? plugin.triggers[name] : undefined;
}

/** Does the plugin open connections at all? */
export function opensConnections(plugin: AnyPlugin): boolean {
  return !plugin.connection.safeParse(null).success;
}

/** A trigger of the host itself, such as an HTTP endpoint. */
export function isHostTrigger(trigger: TriggerContract): boolean {
  return trigger.meta !== undefined;
}
