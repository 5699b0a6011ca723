import type { AnyPlugin } from '@sluice/plugin-api';
import { z } from 'zod';
import type { ActionContract, TriggerContract } from './contracts.js';
import { PRIORITIES } from './model.js';

type Schema = Readonly<Record<string, unknown>>;

const EXPRESSION = { type: 'string', pattern: '\\$\\{\\{' };
const NAME = { type: 'string', pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', maxLength: 63 };
const IDENTIFIER = { type: 'string', pattern: '^[a-z][A-Za-z0-9]*$', maxLength: 63 };
const DURATION = { type: 'string', pattern: '^\\d+(ms|s|m|h|d)$' };
const SIZE = { type: 'string', pattern: '^\\d+(B|KiB|MiB|GiB)$' };
const RATE = { type: 'string', pattern: '^[1-9]\\d*/(s|m|h)$' };
const SHARE = { type: 'string', pattern: '^\\d{1,3}%$' };
const TEXT = { type: 'string' };
const TEXTS = { type: 'array', items: TEXT };
const COUNT = { type: 'integer', minimum: 1 };
const VALUES = { type: 'object' };
const CONDITION = { anyOf: [EXPRESSION, { type: 'boolean' }] };
const PRIORITY = { enum: PRIORITIES };

/** Returns the JSON Schemas of flow files and of sluice.yaml, with the options of these plugins. Editors support draft 7 best. */
export function jsonSchemas(plugins: ReadonlyMap<string, AnyPlugin>): { readonly flow: object; readonly workspace: object } {
  const all = [...plugins.values()];
  return { flow: flowSchema(all), workspace: workspaceSchema(all) };
}

function flowSchema(plugins: readonly AnyPlugin[]): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A flow of Sluice',
    ...map(
      {
        sluice: { const: 1 },
        flow: NAME,
        description: TEXT,
        vars: VALUES,
        trigger: triggerSchema(plugins),
        deliver: deliverSchema(),
        journal: { enum: ['all', 'changes', 'off'], default: 'changes' },
        steps: { $ref: '#/definitions/steps' },
        tests: { type: 'array', items: VALUES },
      },
      ['sluice', 'flow', 'trigger', 'steps'],
    ),
    definitions: { steps: { type: 'array', items: { $ref: '#/definitions/step' } }, step: stepSchema(plugins) },
  };
}

function triggerSchema(plugins: readonly AnyPlugin[]): Schema {
  const known = membersOf(
    plugins,
    (plugin) => plugin.triggers,
    (trigger: TriggerContract) => trigger.options,
  );
  const event = map({ types: { ...TEXTS, minItems: 1 }, from: { enum: ['new', 'stored'], default: 'new' } }, ['types']);
  return {
    ...map({ use: useSchema([{ use: 'event', title: 'An event of the bus' }, ...known]), connection: NAME, with: VALUES }, [
      'use',
    ]),
    allOf: [whenUse('event', event), ...known.map(({ use, values }) => whenUse(use, valuesSchema(values)))],
  };
}

function deliverSchema(): Schema {
  const retry = map({
    attempts: { ...COUNT, maximum: 1000, default: 10 },
    backoff: { enum: ['exponential', 'fixed'] },
    initial: DURATION,
    max: DURATION,
  });
  return map({
    expires: DURATION,
    dedupe: map({ key: TEXT, within: DURATION, onDuplicate: { enum: ['skip'] } }, ['key', 'within']),
    retry,
    maxBody: SIZE,
    onExhausted: { enum: ['park', 'drop'], default: 'park' },
  });
}

function stepSchema(plugins: readonly AnyPlugin[]): Schema {
  const known = membersOf(
    plugins,
    (plugin) => plugin.actions,
    (action: ActionContract) => action.input,
  );
  const steps = { $ref: '#/definitions/steps' };
  const verbs: Record<string, Schema> = {
    use: useSchema(known),
    set: {},
    switch: map(
      { cases: { type: 'array', minItems: 1, items: map({ when: CONDITION, steps }, ['when', 'steps']) }, otherwise: steps },
      ['cases', 'otherwise'],
    ),
    emit: map({ type: TEXT, data: {}, subject: TEXT, correlationid: TEXT, partitionkey: TEXT, datacontenttype: TEXT }, ['type']),
    reply: map({ data: {}, status: { anyOf: [EXPRESSION, { type: 'integer', minimum: 200, maximum: 599 }] }, headers: VALUES }),
    stop: map({ reason: TEXT }),
  };
  const modifiers = {
    connection: NAME,
    with: VALUES,
    timeout: DURATION,
    priority: { ...PRIORITY, default: 'normal' },
    onError: { type: 'array', items: map({ when: CONDITION, output: {} }, ['output']) },
  };
  return {
    ...map({ id: IDENTIFIER, if: CONDITION, ...verbs, ...modifiers }, ['id']),
    oneOf: Object.keys(verbs).map((verb) => ({ required: [verb] })),
    allOf: known.map(({ use, values }) => whenUse(use, valuesSchema(values))),
  };
}

function workspaceSchema(plugins: readonly AnyPlugin[]): Schema {
  const connection = {
    ...map({ use: { enum: plugins.map(({ name }) => name) }, with: VALUES, pace: paceSchema() }, ['use']),
    allOf: plugins.map((plugin) => whenUse(plugin.name, valuesSchema(plugin.connection))),
  };
  const issuer = map({
    secret: EXPRESSION,
    secrets: { type: 'array', items: EXPRESSION, minItems: 1, maxItems: 2 },
    scopes: TEXTS,
    events: TEXTS,
    endpoints: TEXTS,
    topics: TEXTS,
    maxTtl: DURATION,
    extensions: TEXTS,
    groups: TEXTS,
    workplaces: TEXTS,
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'sluice.yaml',
    ...map(
      {
        sluice: { const: 1 },
        plugins: TEXTS,
        vars: VALUES,
        issuers: { type: 'object', additionalProperties: issuer },
        settings: map({
          timezone: TEXT,
          country: { type: 'string', pattern: '^[A-Z]{2}$', default: 'RU' },
          limits: map({ event: SIZE, hops: COUNT, parked: SIZE }),
          retention: map({ journal: DURATION, parked: DURATION, mailbox: DURATION }),
          rabbit: map({ consumerTimeout: DURATION }),
        }),
        connections: { type: 'object', propertyNames: NAME, additionalProperties: connection },
      },
      ['sluice', 'plugins'],
    ),
  };
}

function paceSchema(): Schema {
  const window = map(
    {
      daily: { type: 'string', pattern: '^\\d\\d:\\d\\d-\\d\\d:\\d\\d$' },
      days: { type: 'array', items: { enum: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] } },
      dates: { type: 'array', items: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' } },
      priority: PRIORITY,
      concurrency: { type: 'integer', minimum: 0 },
      rate: RATE,
      reason: TEXT,
    },
    ['daily'],
  );
  return map({
    concurrency: map({ max: COUNT, start: COUNT, adaptive: { type: 'boolean' } }),
    rate: RATE,
    latencyTarget: DURATION,
    shares: map({ interactive: SHARE, normal: SHARE, bulk: SHARE }, PRIORITIES),
    breaker: map({ failures: COUNT, within: DURATION, probe: DURATION }),
    crashGrace: DURATION,
    calendar: { type: 'array', items: window },
    timezone: TEXT,
  });
}

interface Member {
  readonly use: string;
  readonly title: string;
  readonly values: z.ZodType;
}

function membersOf<Contract extends { readonly title: string }>(
  plugins: readonly AnyPlugin[],
  listed: (plugin: AnyPlugin) => Readonly<Record<string, Contract>>,
  values: (contract: Contract) => z.ZodType,
): Member[] {
  return plugins.flatMap((plugin) =>
    Object.entries(listed(plugin)).map(([name, contract]) => ({
      use: `${plugin.name}.${name}`,
      title: contract.title,
      values: values(contract),
    })),
  );
}

function map(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): Schema {
  return { type: 'object', properties, additionalProperties: false, ...(required.length > 0 && { required }) };
}

function useSchema(members: readonly { readonly use: string; readonly title: string }[]): Schema {
  return { anyOf: members.map(({ use, title }) => ({ const: use, description: title })) };
}

function whenUse(use: string, options: Schema): Schema {
  return { if: { properties: { use: { const: use } }, required: ['use'] }, then: { properties: { with: options } } };
}

/** Returns the JSON Schema of values for a schema of a plugin: each value in it may also be an expression. */
function valuesSchema(schema: z.ZodType): Schema {
  const { $schema: _version, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    reused: 'inline',
  });
  return orExpression(json, true);
}

function orExpression(json: Schema, outermost = false): Schema {
  const below: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (key === 'properties')
      below[key] = Object.fromEntries(Object.entries(value as Schema).map(([name, one]) => [name, orExpression(one as Schema)]));
    else if ((key === 'items' || key === 'additionalProperties') && typeof value === 'object' && value !== null)
      below[key] = orExpression(value as Schema);
    else below[key] = value;
  }
  if (outermost || Object.keys(json).length === 0) return below;
  const { description, ...rest } = below;
  return { anyOf: [rest, EXPRESSION], ...(description !== undefined && { description }) };
}
