import type { AdminRoute } from '@sluice/admin-contract';
import { isSluiceError, type Bearer } from '@sluice/plugin-api';
import type { HostServices } from './host-services.js';

/**
 * Runs an action and records it in the audit log. The row is committed before the action begins, so no action is without a row.
 *
 * @param target the object of the action
 * @throws STORE_UNAVAILABLE when the row cannot be written; the action has not begun then. Otherwise the error of the action
 */
export async function recorded<Result>(
  { store, log, mask }: Pick<HostServices, 'store' | 'log' | 'mask'>,
  { method, path }: Pick<AdminRoute, 'method' | 'path'>,
  { issuer, sub }: Pick<Bearer, 'issuer' | 'sub'>,
  target: string,
  action: () => Promise<Result>,
): Promise<Result> {
  const route = `${method} ${path}`;
  const n = await store.audit.begin({ issuer, sub, route, target: mask(target) });
  const end = (outcome: string) =>
    store.audit.end(n, outcome).catch((error: unknown) =>
      // the row keeps the outcome `started`
      log.warn(`the outcome of an action cannot be recorded: ${route}`, { outcome, n, error: String(error) }),
    );
  try {
    const result = await action();
    await end('done');
    return result;
  } catch (error) {
    await end(isSluiceError(error) ? error.code : 'INTERNAL');
    throw error;
  }
}
