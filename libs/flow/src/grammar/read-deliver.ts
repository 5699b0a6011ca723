import type { RetryPolicy } from '../model.js';
import type { Report } from '../report.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import type { DeliverDraft } from './drafts.js';
import { readFields, type Fields, type KeyTable } from './fields.js';
import { readChoice, readDuration, readInteger, readSize, readTemplateText } from './values.js';

const DELIVER: KeyTable = {
  of: 'deliver',
  keys: ['key', 'concurrency', 'onPark', 'expires', 'dedupe', 'retry', 'maxBody', 'onExhausted'],
  later: ['coalesce', 'batch'],
  instead: {
    coalesce:
      'until then write "dedupe", which runs the first of the events with one key, or let a schedule fetch the last state',
    batch: 'until then let a schedule fetch the list, or let the sender put the list into one event',
  },
  cures: {
    retries: (value) => `retry: { attempts: ${typeof value === 'number' ? value : 5} }`,
    order: () => 'key',
    partitionKey: () => 'key',
    group: () => 'key',
    maxConcurrency: () => 'concurrency',
    parallel: () => 'concurrency',
    ttl: () => 'expires',
    timeout: () => 'expires',
  },
};
const DEDUPE: KeyTable = { of: 'dedupe', keys: ['key', 'within', 'onDuplicate'] };
const LATER_DUPLICATE = { replayReply: 'until then write onDuplicate: skip, which answers { id, duplicate: true }' };
const RETRY: KeyTable = { of: 'retry', keys: ['attempts', 'backoff', 'initial', 'max'] };

/** With these defaults the tries of a step extend over about nine minutes. */
const DEFAULT_RETRY: RetryPolicy = { attempts: 10, backoff: 'exponential', initialMs: 1_000, maxMs: 300_000 };
const MIN_INITIAL_MS = 1_000;
const MAX_ATTEMPTS = 1_000;

/** Reads `deliver` of a flow; returns the defaults when it is absent. */
export function readDeliver(node: YamlNode | undefined, report: Report): DeliverDraft {
  const fields = node && readFields(node, DELIVER, report);
  if (!fields) return { retry: DEFAULT_RETRY, onExhausted: 'park', onPark: 'continue' };
  const key = readTemplateText(fields.get('key'), 'key', report);
  const concurrency = readInteger(fields.get('concurrency'), 'concurrency', { min: 1 }, report);
  refuseUnordered(fields, report);
  const onPark = readChoice(fields.get('onPark'), 'onPark', ['continue', 'hold'], report) ?? 'continue';
  const expiresMs = readDuration(fields.get('expires'), 'expires', report);
  const dedupe = readDedupe(fields.get('dedupe'), report);
  const retryNode = fields.get('retry');
  const maxBodyBytes = readSize(fields.get('maxBody'), 'maxBody', report);
  return {
    ...(key && { key }),
    ...(concurrency !== undefined && { concurrency }),
    onPark,
    ...(expiresMs !== undefined && { expiresMs }),
    ...(dedupe && { dedupe }),
    retry: readRetry(retryNode, report),
    ...(retryNode && { retryNode }),
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    onExhausted: readChoice(fields.get('onExhausted'), 'onExhausted', ['park', 'drop'], report) ?? 'park',
  };
}

/** Reports keys that exclude each other, or that mean nothing without `key`. */
function refuseUnordered(fields: Fields, report: Report): void {
  const concurrency = fields.entry('concurrency');
  if (fields.has('key') && concurrency) {
    const message = 'concurrency does not go together with key: the runs of one key run one after another';
    report.error(concurrency.key, 'FLOW_VALUE', message, { do: 'delete one of the two' });
  }
  const onPark = fields.entry('onPark');
  if (onPark && !fields.has('key')) {
    const message = 'onPark needs "key": it concerns the later events of the same key';
    report.error(onPark.key, 'FLOW_VALUE', message, { do: 'add a key, for instance key: ${{ trigger.subject }}' });
  }
}

function readDedupe(node: YamlNode | undefined, report: Report): { key: ScalarNode; withinMs: number } | undefined {
  const fields = node && readFields(node, DEDUPE, report);
  if (!fields) return undefined;
  const key = readTemplateText(fields.need('key'), 'key', report);
  const withinMs = readDuration(fields.need('within'), 'within', report);
  readChoice(fields.get('onDuplicate'), 'onDuplicate', ['skip'], report, LATER_DUPLICATE);
  return key && withinMs !== undefined ? { key, withinMs } : undefined;
}

/** Reads `retry` of `deliver` or of a step; keys that are absent have their defaults. */
export function readRetry(node: YamlNode | undefined, report: Report): RetryPolicy {
  const fields = node && readFields(node, RETRY, report);
  if (!fields) return DEFAULT_RETRY;
  const initialNode = fields.get('initial');
  const initialMs = readDuration(initialNode, 'initial', report, 0);
  if (initialNode && initialMs !== undefined && initialMs < MIN_INITIAL_MS) {
    report.error(initialNode, 'FLOW_VALUE', 'initial is at least 1s', { write: 'initial: 1s' });
  }
  const maxNode = fields.get('max');
  const maxMs = readDuration(maxNode, 'max', report, 0);
  const retry: RetryPolicy = {
    attempts: readInteger(fields.get('attempts'), 'attempts', { min: 1, max: MAX_ATTEMPTS }, report) ?? DEFAULT_RETRY.attempts,
    backoff: readChoice(fields.get('backoff'), 'backoff', ['exponential', 'fixed'], report) ?? DEFAULT_RETRY.backoff,
    initialMs: initialMs ?? DEFAULT_RETRY.initialMs,
    maxMs: maxMs ?? Math.max(DEFAULT_RETRY.maxMs, initialMs ?? 0),
  };
  if (maxNode && retry.maxMs < retry.initialMs)
    report.error(maxNode, 'FLOW_VALUE', 'max is shorter than initial', {
      do: 'raise max, or lower initial',
    });
  return retry;
}
