import { valueAt, type YamlPath } from './yaml-position.js';

/** A JSON Schema of draft 7, of which only the keywords that `jsonSchemas` writes are read. */
export type Schema = Readonly<Record<string, unknown>>;

/** One key that a map can have. */
export interface SchemaKey {
  readonly name: string;
  readonly schemas: readonly Schema[];
  readonly required: boolean;
}

/** Maximum schemas that are followed at one place. */
const MAX_SCHEMAS = 2_000;

/** Finds the parts of a JSON Schema that apply to a place in a document. */
export class SchemaWalk {
  constructor(private readonly root: Schema) {}

  /**
   * Returns the schemas of the value at a path.
   * @param value the value of the document, which decides about the conditions of the schema
   */
  at(path: YamlPath, value: unknown): readonly Schema[] {
    let schemas = this.expand([this.root], value);
    for (const [depth, step] of path.entries()) {
      const below = schemas.flatMap((schema) => childOf(schema, step));
      schemas = this.expand(below, valueAt(value, path.slice(0, depth + 1)));
    }
    return schemas;
  }

  /** Returns the keys of the map at a path. */
  keysAt(path: YamlPath, value: unknown): readonly SchemaKey[] {
    const schemas = this.at(path, value);
    const required = new Set(schemas.flatMap((schema) => (schema['required'] as readonly string[] | undefined) ?? []));
    const keys = new Map<string, Schema[]>();
    for (const schema of schemas) {
      for (const [name, own] of Object.entries((schema['properties'] as Record<string, Schema> | undefined) ?? {}))
        keys.set(name, [...(keys.get(name) ?? []), own]);
    }
    return [...keys].map(([name, own]) => ({ name, schemas: this.expand(own, undefined), required: required.has(name) }));
  }

  private expand(schemas: readonly Schema[], value: unknown): Schema[] {
    const found: Schema[] = [];
    const open = [...schemas];
    while (open.length > 0 && found.length < MAX_SCHEMAS) {
      const schema = open.shift() as Schema;
      found.push(schema);
      const { $ref: ref } = schema;
      if (typeof ref === 'string') open.push(this.resolve(ref));
      for (const keyword of ['allOf', 'anyOf'] as const)
        open.push(...((schema[keyword] as readonly Schema[] | undefined) ?? []).filter((one) => applies(one, value)));
      if (schema['then'] !== undefined && isMet(schema['if'] as Schema, value)) open.push(schema['then'] as Schema);
    }
    return found;
  }

  private resolve(ref: string): Schema {
    return valueAt(this.root, ref.replace(/^#\//, '').split('/')) as Schema;
  }
}

/** Conditions of our schemas compare `use` with a name. */
function isMet(condition: Schema, value: unknown): boolean {
  return valueAt(condition, ['properties', 'use', 'const']) === valueAt(value, ['use']);
}

/** Leaves out a conditional schema that does not apply, so that not hundreds of them are followed. */
function applies(schema: Schema, value: unknown): boolean {
  return schema['then'] === undefined || isMet(schema['if'] as Schema, value);
}

function childOf(schema: Schema, step: string | number): Schema[] {
  if (typeof step === 'number') return schema['items'] === undefined ? [] : [schema['items'] as Schema];
  const properties = schema['properties'] as Readonly<Record<string, Schema>> | undefined;
  if (properties && Object.hasOwn(properties, step)) return [properties[step] as Schema];
  const others = schema['additionalProperties'];
  return typeof others === 'object' && others !== null ? [others as Schema] : [];
}

/** Returns the description of a value: the first that its schemas have. */
export function descriptionOf(schemas: readonly Schema[]): string | undefined {
  return schemas.map((schema) => schema['description']).find((one) => typeof one === 'string');
}

/** Returns the default of a value. */
export function defaultOf(schemas: readonly Schema[]): unknown {
  return schemas.map((schema) => schema['default']).find((one) => one !== undefined);
}

/** A value that a schema names. */
export interface SchemaValue {
  readonly value: string;
  readonly about?: string;
}

/** Returns the values that schemas name: those of `enum`, `const`, and true and false. */
export function valuesOf(schemas: readonly Schema[]): readonly SchemaValue[] {
  const found = new Map<string, SchemaValue>();
  const add = (value: unknown, about?: unknown) => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return;
    const text = String(value);
    if (!found.has(text)) found.set(text, { value: text, ...(typeof about === 'string' && { about }) });
  };
  for (const schema of schemas) {
    for (const value of (schema['enum'] as readonly unknown[] | undefined) ?? []) add(value);
    if (schema['const'] !== undefined) add(schema['const'], schema['description']);
    if (schema['type'] === 'boolean') for (const value of [true, false]) add(value);
    if (schema['default'] !== undefined) add(schema['default']);
  }
  return [...found.values()];
}

/** Returns whether the value can be a map or a list. */
export function isNested(schemas: readonly Schema[]): boolean {
  return schemas.some(({ type }) => type === 'object' || type === 'array');
}
