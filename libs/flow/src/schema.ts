import type { AnyPlugin } from '@sluice/plugin-api';
import { z } from 'zod';
import type { ActionContract, TriggerContract } from './contracts.js';
import { JOURNAL_MODES } from './model.js';
import {
  CONDITION,
  COUNT,
  DURATION,
  EXPRESSION,
  mapSchema,
  NAME,
  IDENTIFIER,
  PRIORITY,
  RATE,
  retrySchema,
  SHARE,
  SIZE,
  TEXT,
  TEXTS,
  useSchema,
  VALUES,
  type JsonSchema,
  type Member,
} from './json-schema.js';
import { describeFlowKeys, describeTestKeys, describeWorkspaceKeys } from './key-descriptions.js';
import { PRIORITIES } from './model.js';
import { BUILT_IN_TRIGGERS } from './grammar/read-trigger.js';
import { EVENT_ATTRIBUTES, FATES, TEST_OUTCOMES } from './flow-tests.js';
import { VERB_NAMES, verbSchemas } from './verbs/index.js';

/** Returns the JSON Schemas of flow files, of sluice.yaml and of test files, with the options of these plugins. Editors support draft 7 best. */
export function jsonSchemas(plugins: ReadonlyMap<string, AnyPlugin>): {
  readonly flow: object;
  readonly workspace: object;
  readonly tests: object;
} {
  const all = [...plugins.values()];
  return {
    flow: describeFlowKeys(flowSchema(all)),
    workspace: describeWorkspaceKeys(workspaceSchema(all)),
    tests: describeTestKeys(testFileSchema()),
  };
}

function flowSchema(plugins: readonly AnyPlugin[]): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A flow of Sluice',
    ...mapSchema(
      {
        sluice: { const: 1 },
        flow: NAME,
        description: TEXT,
        vars: VALUES,
        trigger: triggerSchema(plugins),
        deliver: deliverSchema(),
        journal: { enum: JOURNAL_MODES, default: 'changes' },
        note: TEXT,
        steps: { $ref: '#/definitions/steps' },
        catch: { $ref: '#/definitions/steps' },
        tests: testsSchema(),
      },
      ['sluice', 'flow', 'trigger', 'steps'],
    ),
    definitions: { steps: { type: 'array', items: { $ref: '#/definitions/step' } }, step: stepSchema(plugins) },
  };
}

function testFileSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Tests of a flow of Sluice',
    ...mapSchema({ sluice: { const: 1 }, flow: NAME, tests: testsSchema() }, ['sluice', 'flow', 'tests']),
  };
}

function testsSchema(): JsonSchema {
  const attributes = { ...textsOf(EVENT_ATTRIBUTES), data: {}, meta: VALUES };
  const error = mapSchema({ code: TEXT, fate: { enum: FATES }, message: TEXT, details: {} });
  const mock = mapSchema({
    output: {},
    error: { anyOf: [{ enum: FATES }, error] },
    when: CONDITION,
    times: COUNT,
    after: DURATION,
  });
  const outcome = { enum: TEST_OUTCOMES };
  const expect = mapSchema({
    outcome: oneOrList(outcome),
    calls: { type: 'object', additionalProperties: oneOrList(VALUES) },
    events: { type: 'array', items: VALUES },
    reply: oneOrList(VALUES),
    error: oneOrList(VALUES),
    steps: oneOrList(VALUES),
    took: DURATION,
    that: { type: 'array', items: EXPRESSION },
  });
  const test = mapSchema(
    {
      name: TEXT,
      now: TEXT,
      env: { type: 'object', additionalProperties: TEXT },
      trigger: mapSchema(attributes),
      triggers: { type: 'array', minItems: 1, items: mapSchema({ at: DURATION, ...attributes }) },
      mocks: { type: 'object', additionalProperties: oneOrList(mock) },
      expect,
    },
    ['expect'],
  );
  return { type: 'array', items: test };
}

function oneOrList(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'array', items: schema }] };
}

function textsOf(names: readonly string[]): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(names.map((name) => [name, TEXT]));
}

function triggerSchema(plugins: readonly AnyPlugin[]): JsonSchema {
  const known = membersOf(
    plugins,
    (plugin) => plugin.triggers,
    (trigger: TriggerContract) => trigger.options,
  );
  return {
    ...mapSchema({ use: useSchema([...BUILT_IN_TRIGGERS, ...known]), connection: NAME, with: VALUES, where: CONDITION }, ['use']),
    allOf: [
      ...BUILT_IN_TRIGGERS.map(({ use, options }) => whenUse(use, options)),
      ...known.map(({ use, values }) => whenUse(use, valuesSchema(values))),
    ],
  };
}

function deliverSchema(): JsonSchema {
  return {
    ...mapSchema({
      key: TEXT,
      concurrency: COUNT,
      onPark: { enum: ['continue', 'hold'], default: 'continue' },
      expires: DURATION,
      dedupe: mapSchema({ key: TEXT, within: DURATION, onDuplicate: { enum: ['skip'], default: 'skip' } }, ['key', 'within']),
      retry: retrySchema(),
      maxBody: SIZE,
      onExhausted: { enum: ['park', 'drop'], default: 'park' },
    }),
    not: { required: ['key', 'concurrency'] },
  };
}

function stepSchema(plugins: readonly AnyPlugin[]): JsonSchema {
  const known = membersOf(
    plugins,
    (plugin) => plugin.actions,
    (action: ActionContract) => action.input,
  );
  const steps = { $ref: '#/definitions/steps' };
  return {
    ...mapSchema({ id: IDENTIFIER, if: CONDITION, ...verbSchemas({ actions: known, steps }) }, ['id']),
    oneOf: VERB_NAMES.map((verb) => ({ required: [verb] })),
    allOf: known.map(({ use, values }) => whenUse(use, valuesSchema(values))),
  };
}

function workspaceSchema(plugins: readonly AnyPlugin[]): JsonSchema {
  const connection = {
    ...mapSchema({ use: { enum: plugins.map(({ name }) => name) }, with: VALUES, pace: paceSchema() }, ['use']),
    allOf: plugins.map((plugin) => whenUse(plugin.name, valuesSchema(plugin.connection))),
  };
  const issuer = mapSchema({
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
    ...mapSchema(
      {
        sluice: { const: 1 },
        plugins: TEXTS,
        vars: VALUES,
        issuers: { type: 'object', additionalProperties: issuer },
        settings: mapSchema({
          timezone: TEXT,
          country: { type: 'string', pattern: '^[A-Z]{2}$', default: 'RU' },
          limits: mapSchema({ event: SIZE, hops: COUNT, parked: SIZE, steps: SIZE }),
          retention: mapSchema({ journal: DURATION, parked: DURATION, mailbox: DURATION, steps: DURATION }),
          rabbit: mapSchema({ consumerTimeout: DURATION }),
        }),
        connections: { type: 'object', propertyNames: NAME, additionalProperties: connection },
      },
      ['sluice', 'plugins'],
    ),
  };
}

function paceSchema(): JsonSchema {
  const window = mapSchema(
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
  return mapSchema({
    concurrency: mapSchema({ max: COUNT, start: COUNT, adaptive: { type: 'boolean' } }),
    rate: RATE,
    latencyTarget: DURATION,
    shares: mapSchema({ interactive: SHARE, normal: SHARE, bulk: SHARE }, PRIORITIES),
    breaker: mapSchema({ failures: COUNT, within: DURATION, probe: DURATION }),
    crashGrace: DURATION,
    calendar: { type: 'array', items: window },
    timezone: TEXT,
  });
}

/** A member with the schema of its `with`. */
interface MemberValues extends Member {
  readonly values: z.ZodType;
}

function membersOf<Contract extends { readonly title: string }>(
  plugins: readonly AnyPlugin[],
  listed: (plugin: AnyPlugin) => Readonly<Record<string, Contract>>,
  values: (contract: Contract) => z.ZodType,
): MemberValues[] {
  return plugins.flatMap((plugin) =>
    Object.entries(listed(plugin)).map(([name, contract]) => ({
      use: `${plugin.name}.${name}`,
      title: contract.title,
      values: values(contract),
    })),
  );
}

function whenUse(use: string, options: JsonSchema): JsonSchema {
  return { if: { properties: { use: { const: use } }, required: ['use'] }, then: { properties: { with: options } } };
}

/** Returns the JSON Schema of values for a schema of a plugin: each value in it may also be an expression. */
function valuesSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _version, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    reused: 'inline',
  });
  return orExpression(json, true);
}

function orExpression(json: JsonSchema, outermost = false): JsonSchema {
  const below: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (key === 'properties')
      below[key] = Object.fromEntries(
        Object.entries(value as JsonSchema).map(([name, one]) => [name, orExpression(one as JsonSchema)]),
      );
    else if ((key === 'items' || key === 'additionalProperties') && typeof value === 'object' && value !== null)
      below[key] = orExpression(value as JsonSchema);
    else below[key] = value;
  }
  if (outermost || Object.keys(json).length === 0) return below;
  const { description, ...rest } = below;
  return { anyOf: [rest, EXPRESSION], ...(description !== undefined && { description }) };
}
