import { checkSchema } from '../compile/schema-check.js';
import { actionOf, opensConnections } from '../contracts.js';
import { opensExpression } from '../expression/index.js';
import { splitUse } from '../grammar/names.js';
import { readRetry } from '../grammar/read-deliver.js';
import { readConnection, readWith } from '../grammar/read-names.js';
import { readChoice, readDuration, readText } from '../grammar/values.js';
import { useSchema } from '../json-schema.js';
import { ANY, eitherShape, shapeOfNode, shapeOfSchema } from '../lint/shapes.js';
import { lookAlikeNote } from '../look-alikes.js';
import { PRIORITIES, type UseStep } from '../model.js';
import type { MapNode } from '../yaml/nodes.js';
import { valuesGiven } from './given.js';
import { buildOnError, readOnError, valuesOfOnError } from './on-error.js';
import type { UseDraft } from './drafts.js';
import { learnShape } from './learn-shape.js';
import type { Verb } from './verb.js';

const NO_OPTIONS: MapNode = { kind: 'map', entries: [], start: 0, end: 0 };

/** Calls an action of a plugin. */
export const use: Verb<UseDraft, UseStep> = {
  keys: ['connection', 'with', 'timeout', 'priority', 'retry', 'onError'],
  read(value, reading) {
    const { common, fields, report } = reading;
    const text = readText(value, 'use', report);
    const connection = readConnection(fields.get('connection'), report);
    const input = readWith(fields.get('with'), report);
    const timeoutMs = readDuration(fields.get('timeout'), 'timeout', report);
    const priority = readChoice(fields.get('priority'), 'priority', PRIORITIES, report) ?? 'normal';
    const retryNode = fields.get('retry');
    const retry = retryNode && readRetry(retryNode, report);
    const onError = readOnError(reading);
    if (text === undefined || value?.kind !== 'scalar') return undefined;
    const parts = splitUse(text);
    if (!parts) {
      report.error(value, 'FLOW_VALUE', `"${text}" is not <plugin>.<action>${lookAlikeNote(text)}`, {
        do: 'write for instance use: onec-http.call',
      });
      return undefined;
    }
    return {
      ...common,
      verb: 'use',
      use: value,
      plugin: parts.plugin,
      action: parts.member,
      ...(connection && { connection }),
      ...(input && { with: input }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      priority,
      ...(retry && { retry }),
      onError,
    };
  },
  values: (draft) => [
    ...valuesGiven({ with: draft.with }),
    ...(draft.connection && opensExpression(draft.connection.value)
      ? [{ node: draft.connection, key: 'connection', kind: 'expression' } as const]
      : []),
    ...valuesOfOnError(draft.onError),
  ],
  check(draft, { plugins, report, texts }) {
    const plugin = plugins.plugin(draft.plugin, draft.use, report, draft.action);
    const action = plugin && plugins.action(plugin, draft.action, draft.use, report);
    if (!plugin || !action) return;
    plugins.connection(plugin, draft.connection, draft.use, opensConnections(plugin), report);
    checkSchema({ schema: action.input, node: draft.with, what: 'with', at: draft.use, report, texts });
  },
  shape(draft, shapes) {
    const action = actionOf(shapes.plugins.get(draft.plugin), draft.action);
    const giver = `${draft.plugin}.${draft.action}`;
    const declared = action ? shapeOfSchema(action.output, giver) : ANY;
    if (declared.kind === 'any') return learnShape(draft, shapes);
    return draft.onError
      .map((entry) => shapeOfNode(entry.output, `step "${draft.id}"`, false))
      .reduce((a, b) => eitherShape(a, b, giver), declared);
  },
  schema: ({ actions }) => useSchema(actions),
  build: (draft, building) => ({
    ...building.common,
    verb: 'use',
    plugin: draft.plugin,
    action: draft.action,
    ...(draft.connection && { connection: building.templates.text(draft.connection) }),
    with: building.templates.template(draft.with ?? NO_OPTIONS),
    ...(draft.timeoutMs !== undefined && { timeoutMs: draft.timeoutMs }),
    priority: draft.priority,
    ...(draft.retry && { retry: draft.retry }),
    onError: buildOnError(draft.onError, building),
  }),
};
