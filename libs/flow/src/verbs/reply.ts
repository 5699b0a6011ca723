import { opensExpression } from '../expression/index.js';
import { readFields, type KeyTable } from '../grammar/fields.js';
import { EXPRESSION, mapSchema, VALUES } from '../json-schema.js';
import type { ReplyStep } from '../model.js';
import type { MapNode, YamlNode } from '../yaml/nodes.js';
import { valuesGiven } from './given.js';
import type { ReplyDraft } from './drafts.js';
import type { Verb } from './verb.js';

const REPLY: KeyTable = { of: 'reply', keys: ['data', 'status', 'headers'] };
const NO_HEADERS: MapNode = { kind: 'map', entries: [], start: 0, end: 0 };
const DEFAULT_STATUS = { kind: 'scalar', value: 200, style: 'plain', start: 0, end: 0 } as const;

/** Answers the sender of the event; the run goes on. */
export const reply: Verb<ReplyDraft, ReplyStep> = {
  keys: [],
  read(value, { common, report }) {
    const fields = value && readFields(value, REPLY, report);
    if (!fields) return undefined;
    const status = fields.get('status');
    const headers = fields.get('headers');
    const data = fields.get('data');
    if (status && !isStatus(status))
      report.error(status, 'FLOW_VALUE', 'status is a whole number from 200 to 599', { write: 'status: 200' });
    if (headers && headers.kind !== 'map')
      report.error(headers, 'FLOW_VALUE', 'headers is a map of texts', { write: 'headers: { name: value }' });
    for (const { name, value: header } of headers?.kind === 'map' ? headers.entries : []) {
      if (header.kind !== 'scalar' || (header.value === null && !header.empty))
        report.error(header, 'FLOW_VALUE', `the header "${name}" is a text`, { do: 'write one text, or delete the line' });
    }
    return {
      ...common,
      verb: 'reply',
      ...(status?.kind === 'scalar' && { status }),
      ...(headers?.kind === 'map' && { headers }),
      ...(data && { data }),
    };
  },
  values: ({ status, headers, data }) => valuesGiven({ status, headers, data }),
  shape: () => undefined,
  schema: () =>
    mapSchema({ data: {}, status: { anyOf: [EXPRESSION, { type: 'integer', minimum: 200, maximum: 599 }] }, headers: VALUES }),
  build: ({ status, headers, data }, { common, templates }) => ({
    ...common,
    verb: 'reply',
    status: templates.template(status ?? DEFAULT_STATUS),
    headers: templates.template(headers ?? NO_HEADERS),
    ...(data && { data: templates.template(data) }),
  }),
};

function isStatus(node: YamlNode): boolean {
  if (node.kind !== 'scalar') return false;
  if (typeof node.value === 'string') return opensExpression(node.value);
  return typeof node.value === 'number' && Number.isInteger(node.value) && node.value >= 200 && node.value <= 599;
}
