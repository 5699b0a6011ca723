import { queues } from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';

/** The durable queue of a handler and the pattern of its events. */
export interface Subscription {
  readonly queue: string;
  readonly pattern: string;
}

const PATTERN = /^([\w-]+|\*|#)(\.([\w-]+|\*|#))*$/;
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Reads the subscription of a handler from its decorator: `@EventPattern<string>('order.*', { plugin: 'timeline', subscription:
 * 'projection' })`.
 *
 * NestJS passes neither the class nor the module of a handler, and their names would change with a refactoring while the name of the queue
 * has to stay. A handler therefore names its plugin and its subscription.
 *
 * @throws `CONFIG_INVALID` with the pattern when one of the names is missing.
 */
export function readSubscription(pattern: unknown, extras: Readonly<Record<string, unknown>>): Subscription {
  const where = `@EventPattern(${JSON.stringify(pattern)})`;
  if (typeof pattern !== 'string' || !PATTERN.test(pattern)) {
    throw engineFail.CONFIG_INVALID(
      `${where}: a pattern consists of words of letters, digits, _ and - joined by dots; * is one word, # any number of words`,
    );
  }
  return { pattern, queue: queues.module(readName('plugin', extras, where), readName('subscription', extras, where)) };
}

function readName(key: string, extras: Readonly<Record<string, unknown>>, where: string): string {
  const name = extras[key];
  if (typeof name === 'string' && NAME.test(name)) return name;
  const found = name === undefined ? 'has no' : `has ${JSON.stringify(name)} as`;
  throw engineFail.CONFIG_INVALID(
    `${where} ${found} ${key}: write @EventPattern<string>(pattern, { plugin: 'my-plugin', subscription: 'my-projection' }), in small letters and dashes`,
  );
}
