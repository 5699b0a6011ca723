import { z } from 'zod';
import type { YamlNode } from '../yaml/nodes.js';

/** The structure of a value, as far as it is known before the run. */
export type Shape =
  | { readonly kind: 'any' }
  | { readonly kind: 'list'; readonly item: Shape }
  | {
      readonly kind: 'object';
      /** The source of the value in messages: "asterisk-ami.event", or the samples that the shape was derived from. */
      readonly giver: string;
      readonly fields: ReadonlyMap<string, Field>;
      /** True when the value cannot have other fields. */
      readonly closed: boolean;
      /**
       * True when the fields are only a list of known names (`meta({ namesOnly: true })`): another name is reported only when it looks
       * like a misspelling of one of them.
       */
      readonly loose?: true;
    };

export interface Field {
  readonly shape: Shape;
  readonly optional: boolean;
}

export const ANY: Shape = { kind: 'any' };

export function objectShape(giver: string, fields: Readonly<Record<string, Shape>>, closed = true): Shape {
  const entries = Object.entries(fields).map(([name, shape]) => [name, { shape, optional: false }] as const);
  return { kind: 'object', giver, fields: new Map(entries), closed };
}

const ERROR_FIELDS = ['code', 'fate', 'message', 'step', 'connection', 'attempt', 'details', 'cause'] as const;

/** The shape of an error, as handlers see it. */
export const ERROR_SHAPE = objectShape('error', Object.fromEntries(ERROR_FIELDS.map((name) => [name, ANY])));

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly namesOnly?: unknown;
  readonly items?: JsonSchema;
}

/** Returns the shape of a schema's output. A plain `z.object` is open, because the remote system may add fields. */
export function shapeOfSchema(schema: z.ZodType, giver: string): Shape {
  const known = ofSchemas.get(schema) ?? new Map<string, Shape>();
  ofSchemas.set(schema, known);
  const shape = known.get(giver) ?? makeShape(schema, giver);
  known.set(giver, shape);
  return shape;
}

/** Shapes by schema and giver, cached because many flows use the same few schemas of plugins. */
const ofSchemas = new WeakMap<z.ZodType, Map<string, Shape>>();

function makeShape(schema: z.ZodType, giver: string): Shape {
  const json = z.toJSONSchema(schema, {
    io: 'output',
    unrepresentable: 'any',
    cycles: 'ref',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === 'object' && !('catchall' in def && def.catchall)) delete jsonSchema.additionalProperties;
    },
  });
  return shapeOfJson(json as JsonSchema, giver);
}

/** Returns the shape of the values that a JSON Schema describes. */
export function shapeOfJson(json: JsonSchema, giver: string): Shape {
  if (json.type === 'array' && json.items) return { kind: 'list', item: shapeOfJson(json.items, giver) };
  if (json.type !== 'object' || !json.properties || Object.keys(json.properties).length === 0) return ANY;
  const fields = new Map<string, Field>();
  for (const [name, property] of Object.entries(json.properties)) {
    fields.set(name, { shape: shapeOfJson(property, giver), optional: !json.required?.includes(name) });
  }
  const loose = json.namesOnly === true;
  return { kind: 'object', giver, fields, closed: json.additionalProperties === false, ...(loose && { loose }) };
}

/** Returns the shape of a value written in YAML. Expressions in it may have any value. */
export function shapeOfNode(node: YamlNode, giver: string, closed: boolean): Shape {
  if (node.kind === 'scalar') return ANY;
  if (node.kind === 'list') {
    const items = node.items.map((item) => shapeOfNode(item, giver, closed));
    return { kind: 'list', item: items.length === 0 ? ANY : items.reduce((a, b) => eitherShape(a, b, giver)) };
  }
  const fields = node.entries.map(
    ({ name, value }) => [name, { shape: shapeOfNode(value, giver, closed), optional: false }] as const,
  );
  return { kind: 'object', giver, fields: new Map(fields), closed };
}

/** Merges the shapes of two samples of the same value. The result has the fields of both. */
export function eitherShape(a: Shape, b: Shape, giver: string): Shape {
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', item: eitherShape(a.item, b.item, giver) };
  if (a.kind !== 'object' || b.kind !== 'object') return ANY;
  const fields = new Map(a.fields);
  for (const [name, field] of b.fields) {
    const other = fields.get(name);
    fields.set(name, other ? { ...field, shape: eitherShape(other.shape, field.shape, giver) } : field);
  }
  return { kind: 'object', giver, fields, closed: a.closed && b.closed };
}

/** Returns the giver of a shape that is known only from the mocks of a step. */
export function samplesOf(step: string): string {
  return `a mock of step "${step}"`;
}

/** Follows the path as JSONata does, and returns the shape of its value: a list when it leads through one; `any` when it is not known. */
export function shapeAt(shape: Shape, path: readonly string[]): Shape {
  let current = shape;
  let isList = false;
  for (const name of path) {
    while (current.kind === 'list') {
      isList = true;
      current = current.item;
    }
    if (current.kind === 'any') return ANY;
    current = current.fields.get(name)?.shape ?? ANY;
  }
  return isList && current.kind === 'object' ? { kind: 'list', item: current } : current;
}

export interface Miss {
  /** Index in the path of the unknown name. */
  readonly at: number;
  readonly shape: Extract<Shape, { kind: 'object' }>;
}

/** Follows the path as JSONata does (through lists into their items), and returns the first unknown name. */
export function findMiss(shape: Shape, path: readonly string[]): Miss | undefined {
  let current = shape;
  for (const [at, name] of path.entries()) {
    while (current.kind === 'list') current = current.item;
    if (current.kind === 'any') return undefined;
    const field = current.fields.get(name);
    if (!field) return { at, shape: current };
    current = field.shape;
  }
  return undefined;
}

/** Returns the index in the path of the first name that may be absent. */
export function findOptional(shape: Shape, path: readonly string[]): number | undefined {
  let current = shape;
  for (const [at, name] of path.entries()) {
    while (current.kind === 'list') current = current.item;
    // In a loose shape each field may be absent.
    const field = current.kind === 'object' && !current.loose ? current.fields.get(name) : undefined;
    if (!field) return undefined;
    if (field.optional) return at;
    current = field.shape;
  }
  return undefined;
}

/** Returns whether the path leads to a value in each run. */
export function isPresent(shape: Shape, path: readonly string[]): boolean {
  let current = shape;
  for (const name of path) {
    const field = current.kind === 'object' ? current.fields.get(name) : undefined;
    if (!field || field.optional) return false;
    current = field.shape;
  }
  return true;
}
