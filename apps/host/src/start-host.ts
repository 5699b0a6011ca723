import { openDatabase } from './database.js';
import type { Host, HostOptions } from './host.js';
import { toLog } from './logger.js';

/**
 * Opens the backends, starts the roles and listens. Rejects with a SluiceError that contains the cure; no component keeps running
 * then.
 *
 * NestJS, TypeORM and BullMQ are more than a thousand modules. They are loaded here and not with this package, so that a command which
 * starts no host does not wait for them, and while the database starts in a process of its own.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const [database, host] = await Promise.allSettled([openDatabase(options.env, toLog(options.logger)), import('./host.js')]);
  if (host.status === 'rejected') {
    if (database.status === 'fulfilled') await database.value.close();
    throw host.reason;
  }
  if (database.status === 'rejected') throw database.reason;
  return host.value.Host.start(options, database.value);
}
