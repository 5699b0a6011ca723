import { queues } from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';

/** One handler's durable queue and the events that go into it. */
export interface Subscription {
  readonly queue: string;
  readonly pattern: string;
}

const PATTERN = /^([\w-]+|\*|#)(\.([\w-]+|\*|#))*$/;
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Reads what a handler says about itself: `@EventPattern<string>('order.*', { plugin: 'timeline', subscription: 'projection' })`.
 *
 * NestJS hands over neither the class nor the module of a handler, and their names would change with every refactoring while the queue has
 * to stay: so the handler names its plugin and its subscription. Throws `CONFIG_INVALID` with the pattern when one of them is missing.
 */
export function readSubscription(pattern: unknown, extras: Readonly<Record<string, unknown>>): Subscription {
  const where = `@EventPattern(${JSON.stringify(pattern)})`;
  if (typeof pattern !== 'string' || !PATTERN.test(pattern)) {
    throw engineFail.CONFIG_INVALID(
      `${where}: a pattern is words of letters, digits, _ and - joined by dots; * is one word, # any number`,
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
