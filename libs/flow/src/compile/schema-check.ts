import { z } from 'zod';
import type { FindingCode } from '../codes.js';
import { lookAlikeNote } from '../look-alikes.js';
import { nearest } from '../nearest.js';
import { replacing, type Cure, type Report } from '../report.js';
import type { Texts } from '../texts.js';
import { entryOf, nodeAt, scalarsOf, toValue, type ScalarNode, type YamlNode } from '../yaml/nodes.js';
import { firstUnit, type Span } from '../yaml/source-text.js';
import { scalarText } from '../yaml/spell.js';
import type { EvaluatedValue } from './constants.js';
import { namesRead } from './environment.js';
import { explainIssue } from './explain-issue.js';

export interface SchemaCheck {
  readonly schema: z.ZodType;
  /** Absent when the flow has no such value; required keys are then reported as missing. */
  readonly node: YamlNode | undefined;
  /** The name of the value in messages: "with". */
  readonly what: string;
  /** The place to report missing keys at when `node` is absent. */
  readonly at: Span;
  readonly report: Report;
  readonly texts: Texts;
  /** When absent, a text with expressions may become any value, so it is not checked. */
  readonly evaluated?: EvaluatedValue | undefined;
  /** True for a sample in a test: it may leave keys out. */
  readonly sample?: boolean;
  /** Code of the findings; FLOW_VALUE and FLOW_UNKNOWN_KEY when absent. */
  readonly code?: FindingCode;
}

/** Checks a value against a schema, and reports each issue at its place. Returns the parsed value when there is no issue. */
export function checkSchema(check: SchemaCheck): { readonly data: unknown } | undefined {
  const { evaluated, node } = check;
  const value = evaluated ? evaluated.value : node === undefined ? {} : toValue(node);
  const result = check.schema.safeParse(value);
  if (result.success) return { data: result.data };
  const issues = result.error.issues.filter((issue) => evaluated !== undefined || !dependsOnExpression(issue, check));
  for (const issue of issues) reportIssue(issue, value, check);
  return undefined;
}

type Issue = z.core.$ZodIssue;

/** Returns whether an issue is about a text with an expression, or about a choice that depends on one: its value is not known yet. */
function dependsOnExpression(issue: Issue, { node, texts }: SchemaCheck): boolean {
  const at = node && nodeAt(node, issue.path);
  if (at === undefined || issue.code === 'unrecognized_keys') return false;
  if (at.kind === 'scalar') return texts.hasExpression(at);
  return (
    (issue.code === 'custom' || issue.code === 'invalid_union') && scalarsOf(at).some((scalar) => texts.hasExpression(scalar))
  );
}

function reportIssue(issue: Issue, whole: unknown, check: SchemaCheck): void {
  const { node, what, report, sample, code } = check;
  if (issue.code === 'unrecognized_keys') {
    const map = node && nodeAt(node, issue.path);
    const owner = issue.path.length === 0 ? what : String(issue.path.at(-1));
    for (const key of issue.keys) {
      const known = keysAt(check.schema, issue.path);
      const near = nearest(key, known);
      const at = entryOf(map, key)?.key;
      const cure = near === undefined ? { do: keysOf(owner, known) } : renaming(map, at, near);
      report.error(at ?? check.at, code ?? 'FLOW_UNKNOWN_KEY', `"${key}" is not a key of ${owner}${lookAlikeNote(key)}`, cure);
    }
    return;
  }
  const at = node && nodeAt(node, issue.path);
  const name = issue.path.map(String).join('.');
  if (at !== undefined && !(issue.path.length === 0 && node === undefined)) {
    const { says, cure } = explained(issue, valueAt(whole, issue.path), at, check);
    report.error(at, code ?? 'FLOW_VALUE', `${name === '' ? what : name}: ${says}`, cure);
    return;
  }
  if (sample) return;
  const parent = (node && deepest(node, issue.path)) ?? check.at;
  report.error(firstUnit(parent), code ?? 'FLOW_VALUE', `${what} needs "${name}"`, {
    do: `add "${name}"`,
  });
}

function keysOf(owner: string, known: readonly string[]): string {
  return known.length === 0 ? `delete it: ${owner} has no keys` : `keys of ${owner}: ${known.join(', ')}`;
}

/** Returns the cure that renames a key; without a fix when the map has a key of the right name already. */
function renaming(map: YamlNode | undefined, key: YamlNode | undefined, name: string): Cure {
  return key === undefined || entryOf(map, name) ? { write: name } : replacing(key, scalarText(name), name);
}

/** Explains an issue with a value that is present. For a value from the environment it names the variable and does not show the value. */
function explained(
  issue: Issue,
  value: unknown,
  at: YamlNode,
  { texts, evaluated }: SchemaCheck,
): { readonly says: string; readonly cure: Cure } {
  const isLiteral = at.kind === 'scalar' && !texts.hasExpression(at);
  const explanation = explainIssue(issue, value, isLiteral ? at : undefined);
  const variables = at.kind === 'scalar' ? namesRead(at, texts) : [];
  if (variables.length === 0) return explanation;
  const empty = variables.find((variable) => evaluated?.env[variable] === '');
  if (empty !== undefined)
    return { says: `the environment variable ${empty} is empty`, cure: { do: `set ${empty} before the start` } };
  return { says: explanation.says, cure: { do: `correct the environment variable ${variables.join(', ')}` } };
}

function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key], whole);
}

/** Returns the deepest node that exists on the path to a missing one. */
function deepest(node: YamlNode, path: readonly PropertyKey[]): YamlNode | undefined {
  for (let length = path.length - 1; length >= 0; length--) {
    const found = nodeAt(node, path.slice(0, length));
    if (found) return found;
  }
  return undefined;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly secret?: boolean;
}

const inputSchemas = new WeakMap<z.ZodType, JsonSchema>();

function inputSchema(schema: z.ZodType): JsonSchema {
  let json = inputSchemas.get(schema);
  if (json === undefined) {
    json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema;
    inputSchemas.set(schema, json);
  }
  return json;
}

function alternatives(json: JsonSchema): JsonSchema[] {
  return [json, ...[...(json.anyOf ?? []), ...(json.oneOf ?? []), ...(json.allOf ?? [])].flatMap(alternatives)];
}

function below(json: JsonSchema, step: PropertyKey): JsonSchema[] {
  return alternatives(json).flatMap(({ properties, items, additionalProperties }) => {
    const next = typeof step === 'number' ? items : (properties?.[String(step)] ?? additionalProperties);
    return typeof next === 'object' ? [next] : [];
  });
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let found = [inputSchema(schema)];
  for (const step of path) found = found.flatMap((json) => below(json, step));
  return [...new Set(found.flatMap(alternatives).flatMap((json) => Object.keys(json.properties ?? {})))];
}

/** Yields the scalars of the fields that a schema marks as secret. */
export function* secretScalars(schema: z.ZodType, node: YamlNode | undefined): Generator<ScalarNode> {
  if (node) yield* secretsBelow([inputSchema(schema)], node);
}

function* secretsBelow(schemas: readonly JsonSchema[], node: YamlNode): Generator<ScalarNode> {
  if (node.kind === 'scalar') {
    if (schemas.flatMap(alternatives).some((json) => json.secret)) yield node;
  } else if (node.kind === 'list') {
    for (const [index, item] of node.items.entries())
      yield* secretsBelow(
        schemas.flatMap((json) => below(json, index)),
        item,
      );
  } else {
    for (const { name, value } of node.entries)
      yield* secretsBelow(
        schemas.flatMap((json) => below(json, name)),
        value,
      );
  }
}
