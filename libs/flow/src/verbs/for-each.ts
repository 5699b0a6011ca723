import { opensExpression } from '../expression/index.js';
import { readFields, reportLater, type Fields, type KeyTable } from '../grammar/fields.js';
import { checkIdentifier } from '../grammar/read-names.js';
import { expressionCure, readChoice, readDuration, readExpression, readInteger, readText } from '../grammar/values.js';
import { EXPRESSION, IDENTIFIER, mapSchema } from '../json-schema.js';
import { ANY, ERROR_SHAPE, objectShape, shapeOfNode, type Shape } from '../lint/shapes.js';
import type { ForEachStep } from '../model.js';
import type { Cure } from '../report.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import { firstUnit } from '../yaml/source-text.js';
import type { ForEachDraft } from './drafts.js';
import type { StepReading, StepShapes, Verb } from './verb.js';

const FOR_EACH: KeyTable = {
  of: 'forEach',
  keys: ['in', 'as', 'concurrency', 'onFailure', 'steps', 'output'],
  cures: {
    items: () => 'in',
    list: () => 'in',
    of: () => 'in',
    over: () => 'in',
    item: (value) => `as: ${typeof value === 'string' ? value : 'line'}`,
    var: (value) => `as: ${typeof value === 'string' ? value : 'line'}`,
    do: () => 'steps',
    body: () => 'steps',
    parallel: () => 'concurrency: 1',
    maxConcurrency: () => 'concurrency',
    onError: () => 'onFailure: continue',
    continueOnError: () => 'onFailure: continue',
    result: () => 'output',
  },
  advice: { timeout: 'write it beside "forEach", in the step', if: 'write it beside "forEach", or as a filter of the list' },
  adds: {
    in: { do: 'add the list, for instance "in: ${{ trigger.data.lines }}"' },
    steps: { do: 'add "steps:", and below it what is done with each item' },
  },
};
const ON_FAILURE = ['finish', 'stop', 'continue'] as const;
const DEFAULT_ITEM = 'item';
/** A field of the scope that is not a root. */
const HIDDEN_NAME = 'context';
const MAX_CONCURRENCY = 100;

/** Runs its steps once for each item of a list, in order. */
export const forEach: Verb<ForEachDraft, ForEachStep> = {
  keys: ['timeout'],
  read(value, reading) {
    const { common, report, readSteps } = reading;
    const fields = value && readFields(value, FOR_EACH, report);
    if (!fields) return undefined;
    const list = readExpression(fields.need('in'), 'in', report, listCure);
    const as = readItemName(fields, reading);
    readConcurrency(fields.get('concurrency'), reading);
    const onFailure = readChoice(fields.get('onFailure'), 'onFailure', ON_FAILURE, report) ?? 'finish';
    const stepsNode = fields.need('steps');
    if (stepsNode?.kind === 'list' && stepsNode.items.length === 0)
      report.error(stepsNode, 'FLOW_VALUE', 'forEach has at least one step', { do: 'write what is done with each item' });
    const steps = readSteps(stepsNode, 'steps', { items: [as] });
    const output = fields.get('output');
    const timeoutMs = readDuration(reading.fields.get('timeout'), 'timeout', report);
    return {
      ...common,
      verb: 'forEach',
      ...(list && { in: list }),
      as,
      onFailure,
      steps,
      ...(output && { output }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
  },
  values: (draft) => [
    ...(draft.in ? [{ node: draft.in, key: 'in', kind: 'list' } as const] : []),
    ...(draft.output ? [{ node: draft.output, key: 'output', after: draft.steps }] : []),
  ],
  inner: ({ steps, output }) => [{ steps, kind: 'item', ...(output === undefined && { lastIsRead: true as const }) }],
  shape(draft, shapes) {
    const giver = `step "${draft.id}"`;
    return objectShape(giver, {
      total: ANY,
      succeeded: ANY,
      failed: ANY,
      results: { kind: 'list', item: resultShape(draft, shapes) },
      errors: {
        kind: 'list',
        item: objectShape(`${giver}.errors`, { index: ANY, item: shapes.itemOf(draft), error: ERROR_SHAPE }),
      },
    });
  },
  schema: ({ steps }) =>
    mapSchema(
      {
        in: EXPRESSION,
        as: { ...IDENTIFIER, default: DEFAULT_ITEM },
        concurrency: { type: 'integer', const: 1, default: 1 },
        onFailure: { enum: ON_FAILURE, default: 'finish' },
        steps: { allOf: [steps], minItems: 1 },
        output: {},
      },
      ['in', 'steps'],
    ),
  build: (draft, { common, templates, buildSteps }) => ({
    ...common,
    verb: 'forEach',
    in: templates.template(draft.in as ScalarNode),
    as: draft.as,
    onFailure: draft.onFailure,
    steps: buildSteps(draft.steps),
    ...(draft.output && { output: templates.template(draft.output) }),
    ...(draft.timeoutMs !== undefined && { timeoutMs: draft.timeoutMs }),
  }),
};

/** The shape of a result: that of `output`, or else of the last step with an output, when it is certain which step that is. */
function resultShape(draft: ForEachDraft, { shapeOf }: StepShapes): Shape {
  if (draft.output) return shapeOfNode(draft.output, `a result of step "${draft.id}"`, true);
  const last = draft.steps.at(-1);
  return (last?.if === undefined && last && shapeOf(last)) || ANY;
}

function listCure(node: YamlNode): Cure {
  if (node.kind === 'list') return { do: 'write the list as an expression: in: \'${{ ["a", "b"] }}\'' };
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
  return text !== undefined && !opensExpression(text) && /^[A-Za-z][\w.]*$/.test(text)
    ? expressionCure(node, 'in', text)
    : { do: 'write for instance in: ${{ trigger.data.lines }}' };
}

function readItemName(fields: Fields, { report, around }: StepReading): string {
  const node = fields.get('as');
  const as = readText(node, 'as', report) ?? DEFAULT_ITEM;
  if (node?.kind === 'scalar' && node.value === DEFAULT_ITEM) {
    const message = `"${DEFAULT_ITEM}" is the name of an item when "as" is absent`;
    report.error(node, 'FLOW_NAME', message, { do: 'delete the line, or choose another name' });
  } else if (node && as === HIDDEN_NAME) {
    report.error(node, 'FLOW_NAME', `"${HIDDEN_NAME}" cannot be the name of an item`, { do: 'choose another name' });
    return DEFAULT_ITEM;
  } else if (node?.kind === 'scalar' && node.value === as && !checkIdentifier(as, node, 'the name of an item', report)) {
    return DEFAULT_ITEM;
  }
  if (around.items.includes(as)) {
    const message = `the item of a loop around this one is called "${as}" as well`;
    report.error(node ?? firstUnit(fields.node), 'FLOW_DUPLICATE', message, {
      do: 'write "as" with another name: expressions in this loop could not read the outer item',
    });
  }
  return as;
}

function readConcurrency(node: YamlNode | undefined, { report }: StepReading): void {
  const concurrency = readInteger(node, 'concurrency', { min: 1, max: MAX_CONCURRENCY }, report);
  if (node === undefined || concurrency === undefined || concurrency === 1) return;
  const instead = 'until then write concurrency: 1, or emit one event for each item, which another flow takes';
  reportLater(node, `concurrency: ${concurrency} of forEach`, report, instead);
}
