import { describe, expect, it } from '@jest/globals';
import { jsonSchemas } from './index.js';
import { stubPlugins } from '../test/support/stub-plugins.js';

const schemas = jsonSchemas(stubPlugins);
const EXPRESSION = { type: 'string', pattern: '\\$\\{\\{' };

interface Conditional {
  readonly if: { readonly properties: { readonly use: { readonly const: string } } };
  readonly then: { readonly properties: { readonly with: unknown } };
}

/** Returns the schema of `with` for a certain `use`. */
function optionsOf(schema: unknown, use: string): unknown {
  const { allOf } = schema as { readonly allOf: readonly Conditional[] };
  return allOf.find((one) => one.if.properties.use.const === use)?.then.properties.with;
}

describe('jsonSchemas', () => {
  const { properties, definitions } = schemas.flow as {
    readonly properties: Readonly<Record<string, unknown>>;
    readonly definitions: Readonly<Record<string, unknown>>;
  };

  it('describes the input of each action, and accepts an expression for each value of it', () => {
    expect(optionsOf(definitions['step'], 'tcp-gateway.broadcast')).toEqual({
      type: 'object',
      properties: { topic: { anyOf: [{ type: 'string' }, EXPRESSION] }, data: {} },
      required: ['topic', 'data'],
      additionalProperties: false,
    });
    expect(optionsOf(definitions['step'], 'asterisk-ami.dial')).toMatchObject({
      properties: { attempts: { anyOf: [{ type: 'number' }, EXPRESSION] } },
    });
  });

  it('describes the options of each trigger', () => {
    expect(optionsOf(properties['trigger'], 'event')).toMatchObject({ required: ['types'] });
    expect(optionsOf(properties['trigger'], 'http.endpoint')).toMatchObject({
      properties: { respond: { anyOf: [{ enum: ['accepted', 'reply'] }, EXPRESSION] } },
      required: ['path'],
    });
  });

  it('requires exactly one verb in each step, also in inner steps', () => {
    const verbs = ['use', 'set', 'switch', 'forEach', 'try', 'call', 'emit', 'reply', 'stop', 'raise'];
    expect(definitions['step']).toMatchObject({
      additionalProperties: false,
      required: ['id'],
      oneOf: verbs.map((verb) => ({ required: [verb] })),
      properties: { switch: { properties: { otherwise: { $ref: '#/definitions/steps' } } } },
    });
  });

  it('describes the blocks, with their inner steps', () => {
    const steps = { $ref: '#/definitions/steps' };
    expect(definitions['step']).toMatchObject({
      properties: {
        forEach: { required: ['in', 'steps'], properties: { concurrency: { const: 1 }, steps: { allOf: [steps], minItems: 1 } } },
        try: { required: ['steps', 'catch'], properties: { catch: steps } },
        call: { required: ['flow'] },
        raise: { anyOf: [{ required: ['code', 'message'] }, { maxProperties: 0 }] },
        connection: { anyOf: [{ type: 'string' }, EXPRESSION] },
        retry: { properties: { attempts: { default: 10 } } },
      },
    });
    expect(properties).toMatchObject({ catch: steps, note: { type: 'string' } });
  });

  it('describes the triggers of the language', () => {
    expect(optionsOf(properties['trigger'], 'schedule')).toMatchObject({
      required: ['cron'],
      properties: { missed: { enum: ['skip', 'run'] } },
    });
    expect(optionsOf(properties['trigger'], 'flow')).toMatchObject({ properties: { input: { type: 'object' } } });
    expect(properties['trigger']).toMatchObject({ properties: { where: {} } });
  });

  it('refuses a key of delivery together with a limit', () => {
    expect(properties['deliver']).toMatchObject({
      properties: { key: {}, concurrency: {} },
      not: { required: ['key', 'concurrency'] },
    });
  });

  it('leaves out the keys of a later release', () => {
    expect(Object.keys((properties['deliver'] as { readonly properties: object }).properties)).not.toContain('batch');
  });

  it('describes the options of each connection', () => {
    const { properties: workspace } = schemas.workspace as {
      readonly properties: { readonly connections: { readonly additionalProperties: unknown } };
    };
    expect(optionsOf(workspace.connections.additionalProperties, 'asterisk-ami')).toMatchObject({
      required: ['host', 'user', 'secret'],
    });
  });
});
