import { z } from 'zod';

/** Stands for a value that is not shown. */
export const MASKED = '***';
/** Values within values are masked as a whole beyond this depth. */
const MAX_DEPTH = 200;
/** Shorter values are too common to be masked wherever they occur. */
const MIN_LENGTH = 4;

/** The keywords of JSON Schema by which a value finds the schemas of its parts. */
interface JsonSchema {
  readonly secret?: boolean;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

const known = new WeakMap<z.ZodType, { readonly [Io in 'input' | 'output']?: SecretFields | 'none' }>();

/** The fields that a schema marks as secret, at any depth. A field that is secret in one of several alternatives is secret. */
export class SecretFields {
  private constructor(private readonly root: JsonSchema) {}

  /** Returns the secret fields of a schema; undefined when it has none. */
  static of(schema: z.ZodType, io: 'input' | 'output'): SecretFields | undefined {
    const found = known.get(schema) ?? {};
    const fields = found[io] ?? SecretFields.#read(schema, io);
    known.set(schema, { ...found, [io]: fields });
    return fields === 'none' ? undefined : fields;
  }

  static #read(schema: z.ZodType, io: 'input' | 'output'): SecretFields | 'none' {
    const json = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
    return JSON.stringify(json).includes('"secret":true') ? new SecretFields(json) : 'none';
  }

  /** Returns the value with each secret field replaced. The value is not changed. */
  masked(value: unknown): unknown {
    return this.#masked(value, [this.root], 0, undefined);
  }

  /** Adds the texts and numbers in the secret fields of a value, so that they can be masked where they are copied to. */
  collect(value: unknown, into: Set<string>): void {
    this.#masked(value, [this.root], 0, (secret) => {
      const texts = typeof secret === 'object' && secret !== null ? [...scalarsIn(secret)] : [secret];
      for (const text of texts) if (String(text).length >= MIN_LENGTH) into.add(String(text));
    });
  }

  #masked(
    value: unknown,
    schemas: readonly JsonSchema[],
    depth: number,
    found: ((secret: unknown) => void) | undefined,
  ): unknown {
    const all = schemas.flatMap((schema) => this.#alternatives(schema, 0));
    if (all.length === 0 || value === null || value === undefined) return value;
    if (depth > MAX_DEPTH) return MASKED;
    if (all.some(({ secret }) => secret === true)) {
      found?.(value);
      return MASKED;
    }
    if (Array.isArray(value))
      return value.map((item: unknown, index) =>
        this.#masked(
          item,
          all.flatMap((one) => itemsOf(one, index)),
          depth + 1,
          found,
        ),
      );
    if (typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        this.#masked(
          item,
          all.flatMap((one) => propertiesOf(one, key)),
          depth + 1,
          found,
        ),
      ]),
    );
  }

  /** Returns the schema with those that it names or combines. */
  #alternatives(schema: JsonSchema, depth: number): readonly JsonSchema[] {
    if (depth > MAX_DEPTH) return [];
    const { $ref, anyOf = [], oneOf = [], allOf = [] } = schema;
    const named = $ref === undefined ? [] : [$ref === '#' ? this.root : this.root.$defs?.[$ref.replace('#/$defs/', '')]];
    const others = [...named, ...anyOf, ...oneOf, ...allOf].filter((one) => one !== undefined);
    return [schema, ...others.flatMap((one) => this.#alternatives(one, depth + 1))];
  }
}

function itemsOf({ prefixItems, items }: JsonSchema, index: number): readonly JsonSchema[] {
  const schema = prefixItems?.[index] ?? items;
  return typeof schema === 'object' ? [schema] : [];
}

function propertiesOf({ properties, additionalProperties }: JsonSchema, key: string): readonly JsonSchema[] {
  const schema = properties && Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
  return typeof schema === 'object' ? [schema] : [];
}

function* scalarsIn(value: object): Generator<unknown> {
  for (const item of Object.values(value) as unknown[]) {
    if (typeof item === 'object' && item !== null) yield* scalarsIn(item);
    else yield item;
  }
}
