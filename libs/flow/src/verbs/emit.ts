import { isEventType } from '@sluice/plugin-api';
import { opensExpression } from '../expression/index.js';
import { readFields, type KeyTable } from '../grammar/fields.js';
import { readDuration, readTemplateText } from '../grammar/values.js';
import { DURATION, mapSchema, TEXT } from '../json-schema.js';
import { ANY, objectShape } from '../lint/shapes.js';
import { lookAlikeNote } from '../look-alikes.js';
import type { EmitStep } from '../model.js';
import type { Report } from '../report.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import { valuesGiven } from './given.js';
import type { EmitDraft } from './drafts.js';
import type { Verb } from './verb.js';

const TEXTS = ['subject', 'correlationid', 'partitionkey', 'datacontenttype'] as const;
const EMIT: KeyTable = {
  of: 'emit',
  keys: ['type', 'data', ...TEXTS, 'after'],
  cures: {
    delay: (value) => `after: ${typeof value === 'string' ? value : '30m'}`,
    payload: () => 'data',
    body: () => 'data',
    event: () => 'type',
    key: () => 'partitionkey',
  },
};

/** A shorter delay cannot be distinguished from no delay: the delay queues of RabbitMQ are exact to half a second. */
const MIN_AFTER_MS = 1_000;
const MAX_AFTER_MS = 365 * 86_400_000;

function readAfter(node: YamlNode | undefined, report: Report): number | undefined {
  const afterMs = readDuration(node, 'after', report, 0);
  if (node === undefined || afterMs === undefined || (afterMs >= MIN_AFTER_MS && afterMs <= MAX_AFTER_MS)) return afterMs;
  const bound = afterMs < MIN_AFTER_MS ? '1s' : '365d';
  report.error(node, 'FLOW_VALUE', 'after is at least 1s and at most 365d', { write: `after: ${bound}` });
  return undefined;
}

/** Publishes an event, confirmed by the broker. */
export const emit: Verb<EmitDraft, EmitStep> = {
  keys: [],
  read(value, { common, report }) {
    const fields = value && readFields(value, EMIT, report);
    if (!fields) return undefined;
    const type = readTemplateText(fields.need('type'), 'type', report);
    if (type && !opensExpression(type.value) && !isEventType(String(type.value))) {
      report.error(type, 'FLOW_VALUE', `"${type.value}" is not a valid event type${lookAlikeNote(String(type.value))}`, {
        do: 'use words of letters, digits, _ and - joined by dots',
      });
    }
    const data = fields.get('data');
    const texts: Partial<Record<(typeof TEXTS)[number], ScalarNode>> = {};
    for (const name of TEXTS) {
      const text = readTemplateText(fields.get(name), name, report);
      if (text) texts[name] = text;
    }
    const afterMs = readAfter(fields.get('after'), report);
    return type && { ...common, verb: 'emit', type, ...(data && { data }), ...texts, ...(afterMs !== undefined && { afterMs }) };
  },
  values: ({ type, data, subject, correlationid, partitionkey, datacontenttype }) => [
    { node: type, key: 'type', kind: 'type' },
    ...valuesGiven({ data, subject, correlationid, partitionkey, datacontenttype }),
  ],
  shape: ({ id }) => objectShape(`step "${id}"`, { id: ANY, type: ANY }),
  schema: () =>
    mapSchema(
      {
        type: TEXT,
        data: {},
        subject: TEXT,
        correlationid: TEXT,
        partitionkey: TEXT,
        datacontenttype: TEXT,
        after: DURATION,
      },
      ['type'],
    ),
  build: (draft, { common, templates }) => ({
    ...common,
    verb: 'emit',
    type: templates.text(draft.type),
    ...(draft.data && { data: templates.template(draft.data) }),
    ...(draft.subject && { subject: templates.text(draft.subject) }),
    ...(draft.correlationid && { correlationid: templates.text(draft.correlationid) }),
    ...(draft.partitionkey && { partitionkey: templates.text(draft.partitionkey) }),
    ...(draft.datacontenttype && { datacontenttype: templates.text(draft.datacontenttype) }),
    ...(draft.afterMs !== undefined && { afterMs: draft.afterMs }),
  }),
};
