import { describe, expect, it } from '@jest/globals';
import { jsonSchemas } from './index.js';
import { stubPlugins } from '../test/support/stub-plugins.js';

const schemas = jsonSchemas(stubPlugins);
const EXPRESSION = { type: 'string', pattern: '\\$\\{\\{' };

interface Conditional {
  readonly if: { readonly properties: { readonly use: { readonly const: string } } };
  readonly then: { readonly properties: { readonly with: unknown } };
}

/** What `with` may hold for a certain `use`. */
function optionsOf(schema: unknown, use: string): unknown {
  const { allOf } = schema as { readonly allOf: readonly Conditional[] };
  return allOf.find((one) => one.if.properties.use.const === use)?.then.properties.with;
}

describe('JSON Schemas for editors', () => {
  const { properties, definitions } = schemas.flow as {
    readonly properties: Readonly<Record<string, unknown>>;
    readonly definitions: Readonly<Record<string, unknown>>;
  };

  it('know the input of every action, and that an expression may stand for any value of it', () => {
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

  it('know the options of every trigger', () => {
    expect(optionsOf(properties['trigger'], 'event')).toMatchObject({ required: ['types'] });
    expect(optionsOf(properties['trigger'], 'http.endpoint')).toMatchObject({
      properties: { respond: { anyOf: [{ enum: ['accepted', 'reply'] }, EXPRESSION] } },
      required: ['path'],
    });
  });

  it('have steps that do one thing, in steps as well', () => {
    const verbs = ['use', 'set', 'switch', 'emit', 'reply', 'stop'];
    expect(definitions['step']).toMatchObject({
      additionalProperties: false,
      required: ['id'],
      oneOf: verbs.map((verb) => ({ required: [verb] })),
      properties: { switch: { properties: { otherwise: { $ref: '#/definitions/steps' } } } },
    });
  });

  it('leave out what a later release brings', () => {
    expect(Object.keys((properties['deliver'] as { readonly properties: object }).properties)).not.toContain('key');
  });

  it('know the options of every connection', () => {
    const { properties: workspace } = schemas.workspace as {
      readonly properties: { readonly connections: { readonly additionalProperties: unknown } };
    };
    expect(optionsOf(workspace.connections.additionalProperties, 'asterisk-ami')).toMatchObject({
      required: ['host', 'user', 'secret'],
    });
  });
});
