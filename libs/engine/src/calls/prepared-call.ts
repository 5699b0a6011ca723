import { engineFail, type AnyAction, type Idempotence } from '@sluice/plugin-api';
import type { z } from 'zod';
import type { PendingCall } from '../runs/run-state.js';
import { validate } from '../validate.js';
import type { Connection, ParsedAction } from './connection.js';
import type { Connections } from './connections.js';

/** A call whose action exists on this host and whose input fits. */
export interface PreparedCall extends ParsedAction {
  readonly ok: true;
  readonly connection: Connection;
  /** Whether the action may be repeated with this input. */
  readonly idempotent: Idempotence;
}

/** A call that cannot be made on this host. `error` is `CONFIG_INVALID` or `INPUT_INVALID`; nothing was sent. */
export interface RefusedCall {
  readonly ok: false;
  readonly error: unknown;
  readonly idempotent: 'no';
}

/**
 * Finds the action of a call and parses the input, which happens once per hop: every attempt of this hop uses the result. The message of the
 * call carries the input as it was rendered, because the host that makes the call may have another release of the plugin.
 */
export function prepareCall(
  connections: Connections,
  call: Pick<PendingCall, 'plugin' | 'action' | 'connection' | 'input'>,
): PreparedCall | RefusedCall {
  try {
    const connection = connections.get(call.plugin, call.connection);
    const action = connection.plugin.actions[call.action] as AnyAction<unknown> | undefined;
    const name = `${call.plugin}.${call.action}`;
    if (!action) throw engineFail.CONFIG_INVALID(`there is no action ${name}`, { sent: 'no' });
    const checked = validate(action.input as z.ZodType, call.input);
    if (!checked.ok) throw engineFail.INPUT_INVALID(`the input of ${name} does not fit: ${checked.problems}`, { sent: 'no' });
    return {
      ok: true,
      connection,
      name,
      action,
      input: checked.value,
      idempotent: idempotenceOf(connection, action, checked.value),
    };
  } catch (error) {
    return { ok: false, error, idempotent: 'no' };
  }
}

/** @throws the masked error of the plugin */
function idempotenceOf(connection: Connection, { idempotent }: AnyAction<unknown>, input: unknown): Idempotence {
  if (typeof idempotent !== 'function') return idempotent;
  try {
    return (idempotent as (input: unknown) => Idempotence)(input);
  } catch (error) {
    throw connection.mask(error);
  }
}
