import { engineFail, type AnyAction, type AnyPlugin, type Idempotence } from '@sluice/plugin-api';
import type { z } from 'zod';
import { checkAgainst } from './check-against.js';

/** Returns the action. Throws `CONFIG_INVALID` when the plugin has no such action. */
export function actionOf(plugins: ReadonlyMap<string, AnyPlugin>, plugin: string, name: string): AnyAction<unknown> {
  const action = plugins.get(plugin)?.actions[name];
  if (!action) throw engineFail.CONFIG_INVALID(`there is no action ${plugin}.${name}`);
  return action as AnyAction<unknown>;
}

/** Returns whether the action may be repeated with this input. Input that does not fit the schema may not. */
export function idempotenceOf(action: AnyAction<unknown>, input: unknown): Idempotence {
  if (typeof action.idempotent !== 'function') return action.idempotent;
  const checked = checkAgainst(action.input as z.ZodType, input);
  return checked.ok ? (action.idempotent as (input: unknown) => Idempotence)(checked.value) : 'no';
}
