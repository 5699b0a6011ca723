import { BODY_CODES, failures } from '@sluice/plugin-api';
import { createRequire } from 'node:module';
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { z } from 'zod';

const body = failures(BODY_CODES);

/** Maximum length of a string that a `pattern` is matched against. */
const MAX_MATCHED_CHARACTERS = 10_240;
/** Maximum total length of the strings of one body that patterns are matched against: the time of RE2 is proportional to it. */
const MAX_MATCHED_TOTAL = 512 * 1024;
/** Maximum depth of a schema and maximum number of objects and lists in it, because Ajv compiles the schema to code. */
const MAX_SCHEMA_DEPTH = 100;
const MAX_SCHEMA_NODES = 5_000;

/** Thrown during validation when the patterns have matched {@link MAX_MATCHED_TOTAL} characters. */
class TooExpensive extends Error {}

/** Number of characters that the current validation may still match. Validation is synchronous, so one variable is enough. */
let charactersLeft = MAX_MATCHED_TOTAL;

/** Compiled patterns by their source, because the flows of a workspace often share them. */
const patterns = new Map<string, RE2JS>();
const MAX_PATTERNS = 1_000;

function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known) return known;
  const made = RE2JS.compile(RE2JS.translateRegExp(pattern));
  if (patterns.size >= MAX_PATTERNS) patterns.clear();
  patterns.set(pattern, made);
  return made;
}

/**
 * Compiles a pattern with RE2. JavaScript's own regular expressions can block the process for seconds on a text from an untrusted sender.
 *
 * @throws for look-around, which RE2 does not support.
 */
function linearPattern(pattern: string): { test(text: string): boolean; toString(): string } {
  const compiled = compilePattern(pattern);
  return {
    test: (text) => {
      if (text.length > MAX_MATCHED_CHARACTERS) return false;
      charactersLeft -= text.length;
      if (charactersLeft < 0) throw new TooExpensive();
      return compiled.matcher(text).find();
    },
    toString: () => pattern, // Ajv uses this string as the key of the pattern
  };
}

const require = createRequire(import.meta.url);

interface Validator {
  readonly ajv: Ajv2020;
  /** The meta-schemas of JSON Schema by name. They are restored after each compilation: a schema of a flow may use one of the names. */
  readonly own: { readonly refs: Ajv2020['refs']; readonly schemas: Ajv2020['schemas'] };
}

let validator: Validator | undefined;

/** Returns the one instance for all schemas, because each new Ajv compiles the meta-schema. It is loaded with the first schema. */
function theValidator(): Validator {
  return (validator ??= createValidator());
}

function createValidator(): Validator {
  const library = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  const ajv = new library.Ajv2020({
    strict: false,
    // formats are annotations, which is the default of JSON Schema (2020-12 validation, 7.2.1)
    validateFormats: false,
    addUsedSchema: false,
    // optimizing the code of a schema takes as long as generating it, which is not worthwhile for small schemas
    code: { optimize: false, regExp: Object.assign(linearPattern, { code: 'linearPattern' }) },
  });
  // The built-in keyword of Ajv compares every pair of objects in a list.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, list: readonly unknown[]) => !wanted || new Set(list.map(canonical)).size === list.length,
    error: { message: 'must NOT have duplicate items' },
  });
  return { ajv, own: { refs: { ...ajv.refs }, schemas: { ...ajv.schemas } } };
}

function restore<Value>(named: Record<string, Value>, before: Readonly<Record<string, Value>>): void {
  for (const name of Object.keys(named)) if (!(name in before)) delete named[name];
  Object.assign(named, before);
}

/** Returns JSON with sorted keys, so that equal values have equal texts. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

/** Compiled validators by schema object. */
const compiled = new WeakMap<object, ValidateFunction>();

function compile(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const known = compiled.get(schema);
  if (known) return known;
  const { ajv, own } = theValidator();
  try {
    const validate = ajv.compile(schema);
    compiled.set(schema, validate);
    return validate;
  } finally {
    // Ajv must keep no schema under its `$id`: two flows may contain the same schema, and a file may be read again.
    ajv.removeSchema(schema);
    restore(ajv.refs, own.refs);
    restore(ajv.schemas, own.schemas);
  }
}

/** Accepts a JSON Schema (2020-12) for the data of an event. */
export const bodySchema = z.record(z.string(), z.unknown()).superRefine((schema, context) => {
  const tooLarge = sizeProblem(schema);
  try {
    if (tooLarge === undefined) verify(schema);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `not a JSON Schema: ${error instanceof Error ? error.message : String(error)}` });
  }
  if (tooLarge !== undefined) context.addIssue({ code: 'custom', message: tooLarge });
});

/**
 * Throws when `compile` would throw. Compilation takes ten times as long as validation by the meta-schema, and lint needs no validator,
 * so a schema is compiled only if the meta-schema cannot decide.
 */
function verify(schema: Readonly<Record<string, unknown>>): void {
  if (compiled.has(schema)) return;
  if (!isPlain(schema)) {
    compile(schema);
    return;
  }
  const { ajv } = theValidator();
  if (!ajv.validateSchema(schema)) throw new Error(`schema is invalid: ${ajv.errorsText()}`);
}

/** Keywords whose value is one schema, a list of schemas, or a map of schemas by any name. */
const WITH_SCHEMA = new Set('items contains additionalProperties propertyNames not if then else'.split(' '));
const WITH_SCHEMAS = new Set('allOf anyOf oneOf prefixItems'.split(' '));
const WITH_NAMED_SCHEMAS = new Set('properties patternProperties dependentSchemas'.split(' '));
/** Keywords whose value the meta-schema checks completely. */
const SIMPLE = new Set(
  `type const required dependentRequired multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength maxItems minItems
  uniqueItems maxProperties minProperties format title description default deprecated readOnly writeOnly examples`.split(/\s+/),
);

/**
 * Returns whether the meta-schema alone decides if a schema can be compiled: the schema contains only well-known keywords, without references, names
 * and dialects. Throws for a pattern that RE2 does not support.
 */
function isPlain(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return typeof schema === 'boolean';
  return Object.entries(schema as Readonly<Record<string, unknown>>).every(([keyword, value]) => {
    if (SIMPLE.has(keyword)) return true;
    if (keyword === 'pattern') return typeof value === 'string' && isPattern(value);
    if (keyword === 'enum') return Array.isArray(value) && value.length > 0;
    if (WITH_SCHEMA.has(keyword)) return isPlain(value);
    if (WITH_SCHEMAS.has(keyword)) return Array.isArray(value) && value.length > 0 && value.every(isPlain);
    if (!WITH_NAMED_SCHEMAS.has(keyword) || typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const schemas = Object.entries(value);
    return schemas.every(([name, one]) => isPlain(one) && (keyword !== 'patternProperties' || isPattern(name)));
  });
}

function isPattern(pattern: string): boolean {
  linearPattern(pattern);
  return true;
}

/** Returns why a schema is too large. Visits it level by level, so that a deep schema does not overflow the stack. */
function sizeProblem(schema: unknown): string | undefined {
  let level: readonly unknown[] = [schema];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    nodes += level.length;
    if (depth > MAX_SCHEMA_DEPTH) return `the schema has more than ${MAX_SCHEMA_DEPTH} levels`;
    if (nodes > MAX_SCHEMA_NODES) return `the schema has more than ${MAX_SCHEMA_NODES} objects and lists`;
    level = level
      .flatMap((node): unknown[] => Object.values(node as object))
      .filter((node) => typeof node === 'object' && node !== null);
  }
  return undefined;
}

/**
 * Returns a function that validates data against the schema, in a time proportional to the size of the data. The function throws
 * `BODY_INVALID` with a JSON Pointer to the first value that does not match.
 */
export function checkerOf(schema: Readonly<Record<string, unknown>>): (data: unknown) => void {
  const validate = compile(schema);
  return (data) => {
    if (fits(validate, data)) return;
    const [error] = validate.errors ?? [];
    const pointer = pointerOf(error);
    throw body.BODY_INVALID(`the body at ${pointer || 'its top'} ${error?.message ?? 'does not match the schema'}`, {
      details: { pointer },
      sent: 'no',
    });
  };
}

function fits(validate: ValidateFunction, data: unknown): boolean {
  charactersLeft = MAX_MATCHED_TOTAL;
  try {
    return validate(data);
  } catch (error) {
    if (!(error instanceof TooExpensive) && !(error instanceof RangeError)) throw error;
    const why =
      error instanceof TooExpensive
        ? `the body has more than ${MAX_MATCHED_TOTAL} characters in texts that the schema checks with patterns`
        : 'the body is nested too deep for its schema';
    throw body.BODY_INVALID(why, { sent: 'no' });
  }
}

/** Returns the JSON Pointer of the error; for an unknown property, of the property and not of the object that contains it. */
function pointerOf(error: ErrorObject | undefined): string {
  const extra: unknown = error?.params['additionalProperty'];
  const path = error?.instancePath ?? '';
  return typeof extra === 'string' ? `${path}/${extra.replaceAll('~', '~0').replaceAll('/', '~1')}` : path;
}
