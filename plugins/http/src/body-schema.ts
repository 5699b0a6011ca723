import { BODY_CODES, failures } from '@sluice/plugin-api';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { z } from 'zod';

const body = failures(BODY_CODES);

/** Characters of one text that a `pattern` is tried on. */
const MAX_MATCHED_CHARACTERS = 10_240;
/** Characters of all texts of one body that patterns are tried on: RE2 takes time in proportion to them. */
const MAX_MATCHED_TOTAL = 512 * 1024;
/** Levels of a schema, and objects and lists in it: it is compiled to code. */
const MAX_SCHEMA_DEPTH = 100;
const MAX_SCHEMA_NODES = 5_000;

/** Thrown inside of a check when a body makes it too expensive. */
class TooExpensive extends Error {}

/** Characters that the check in hand may still match. Checks are synchronous, so one number serves all. */
let charactersLeft = MAX_MATCHED_TOTAL;

/** A pattern in RE2: JavaScript's own can block the process for seconds, and the text is a stranger's. Throws for look-around. */
function linearPattern(pattern: string): { test(text: string): boolean; toString(): string } {
  const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
  return {
    test: (text) => {
      if (text.length > MAX_MATCHED_CHARACTERS) return false;
      charactersLeft -= text.length;
      if (charactersLeft < 0) throw new TooExpensive();
      return compiled.matcher(text).find();
    },
    toString: () => pattern, // ajv tells patterns apart by it
  };
}

/** One for all schemas: an Ajv compiles the schema of schemas when it is made. After each use it forgets every name that the schema has given. */
const ajv = new Ajv2020({
  strict: false,
  // formats are annotations, as JSON Schema has them by default (2020-12 validation, 7.2.1)
  validateFormats: false,
  addUsedSchema: false,
  // optimizing the code of a schema takes as long as making it, and is not worth it for small ones
  code: { optimize: false, regExp: Object.assign(linearPattern, { code: 'linearPattern' }) },
});
// Ajv compares each object of a list with each other one.
ajv.removeKeyword('uniqueItems');
ajv.addKeyword({
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  validate: (wanted: boolean, list: readonly unknown[]) => !wanted || new Set(list.map(canonical)).size === list.length,
  error: { message: 'must NOT have duplicate items' },
});

/** The schemas of JSON Schema itself, by their names. A schema of a flow may have claimed one of them. */
const own = { refs: { ...ajv.refs }, schemas: { ...ajv.schemas } };

function restore<Value>(named: Record<string, Value>, before: Readonly<Record<string, Value>>): void {
  for (const name of Object.keys(named)) if (!(name in before)) delete named[name];
  Object.assign(named, before);
}

/** A text that two values share exactly when they are equal: JSON with the fields in order. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

/** The checks of schemas that a flow holds: lint compiles each, and the endpoint takes the same. */
const compiled = new WeakMap<object, ValidateFunction>();

function compile(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const known = compiled.get(schema);
  if (known) return known;
  try {
    const validate = ajv.compile(schema);
    compiled.set(schema, validate);
    return validate;
  } finally {
    // Two flows may hold the same schema, and a file may be read again: nothing is kept under its name.
    ajv.removeSchema(schema);
    restore(ajv.refs, own.refs);
    restore(ajv.schemas, own.schemas);
  }
}

/** A JSON Schema (2020-12) for the data of an event. */
export const bodySchema = z.record(z.string(), z.unknown()).superRefine((schema, context) => {
  const tooLarge = sizeProblem(schema);
  try {
    if (tooLarge === undefined) compile(schema);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `not a JSON Schema: ${error instanceof Error ? error.message : String(error)}` });
  }
  if (tooLarge !== undefined) context.addIssue({ code: 'custom', message: tooLarge });
});

/** Looks level by level, so that a deep schema needs no stack. */
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

/** A check that throws `BODY_INVALID` with a JSON Pointer to what does not fit. It takes time in proportion to the body. */
export function checkerOf(schema: Readonly<Record<string, unknown>>): (data: unknown) => void {
  const validate = compile(schema);
  return (data) => {
    if (fits(validate, data)) return;
    const [error] = validate.errors ?? [];
    const pointer = pointerOf(error);
    throw body.BODY_INVALID(`the body at ${pointer || 'its top'} ${error?.message ?? 'does not fit'}`, {
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
        ? `the patterns of the schema check at most ${MAX_MATCHED_TOTAL} characters of a body, and this one has more`
        : 'the body is nested too deep for its schema';
    throw body.BODY_INVALID(why, { sent: 'no' });
  }
}

/** To the unknown property itself, not to the object that holds it. */
function pointerOf(error: ErrorObject | undefined): string {
  const extra: unknown = error?.params['additionalProperty'];
  const path = error?.instancePath ?? '';
  return typeof extra === 'string' ? `${path}/${extra.replaceAll('~', '~0').replaceAll('/', '~1')}` : path;
}
