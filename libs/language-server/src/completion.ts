import { FUNCTION_DESCRIPTIONS, keysBeside, VERB_NAMES, type Mention, type MentionKind, type VisibleName } from '@sluice/flow';
import { CompletionItemKind, InsertTextFormat, type CompletionItem, type Range } from 'vscode-languageserver/node';
import { Cursor, type TextPosition } from './cursor.js';
import { keysAt, valueAt, type YamlPosition, type YamlPath } from './yaml-position.js';
import { defaultOf, descriptionOf, isNested, valuesOf, type SchemaKey } from './schema-walk.js';
import { SETTINGS_FILE } from './workspace.js';

/** Converts a range of offsets of the text. */
export type RangeOf = (start: number, end: number) => Range;

/** Maximum items of one answer. */
const MAX_ITEMS = 1_000;

/** Returns what can be written at a position: keys, values, and the names and functions of expressions. */
export function completionAt(at: TextPosition, rangeOf: RangeOf): CompletionItem[] {
  const cursor = new Cursor(at);
  const { position } = cursor;
  if (!position) return [];
  const items = cursor.expression ? inExpression(cursor, rangeOf) : outside(cursor, position, rangeOf);
  return items.slice(0, MAX_ITEMS);
}

function inExpression(cursor: Cursor, rangeOf: RangeOf): CompletionItem[] {
  const { expression, at } = cursor;
  if (!expression) return [];
  const range = rangeOf(at.offset - expression.typed, at.offset);
  if (expression.functionName !== undefined) return functions(range);
  if (expression.path === undefined) return [];
  const names = cursor.namesAfter(expression.path).map((name) => nameItem(name, range));
  return expression.path.length === 0 ? [...names, ...functions(range)] : names;
}

const KIND_OF_NAME = {
  root: CompletionItemKind.Variable,
  step: CompletionItemKind.Module,
  constant: CompletionItemKind.Constant,
  variable: CompletionItemKind.Constant,
  field: CompletionItemKind.Field,
} as const satisfies Record<VisibleName['kind'], CompletionItemKind>;

function nameItem({ name, written, kind, detail }: VisibleName, range: Range): CompletionItem {
  return { label: name, kind: KIND_OF_NAME[kind], detail, filterText: written, textEdit: { range, newText: written } };
}

function functions(range: Range): CompletionItem[] {
  return [...FUNCTION_DESCRIPTIONS].map(([name, { parameters, about }]) => ({
    label: `$${name}`,
    kind: CompletionItemKind.Function,
    detail: signatureOf(name, parameters),
    documentation: { kind: 'markdown', value: about },
    sortText: `~${name}`,
    textEdit: { range, newText: `$${name}` },
  }));
}

/** Returns a function with its parameters, as help shows it. */
export function signatureOf(name: string, parameters: readonly string[]): string {
  return `$${name}(${parameters.join(', ')})`;
}

function outside(cursor: Cursor, position: YamlPosition, rangeOf: RangeOf): CompletionItem[] {
  const { at } = cursor;
  const range = rangeOf(position.start, at.offset);
  if (position.role === 'key') return keyItems(cursor, position.path, range);
  const values = valueItems(cursor, position, range);
  // a map may begin on a line of its own, and after the dash of an item
  const mayBeMap = !position.inFlowStyle && !position.isQuoted && (position.role === 'item' || !position.isOnLineOfKey);
  return mayBeMap ? [...keyItems(cursor, position.path, range), ...values] : values;
}

function keyItems(cursor: Cursor, path: YamlPath, range: Range): CompletionItem[] {
  const { workspace, file } = cursor.at;
  const present = keysAt(cursor.value, path);
  if (isKeyedByStep(path))
    return (cursor.flow?.stepIds ?? [])
      .filter((id) => !present.includes(id))
      .map((id) => ({
        label: id,
        kind: CompletionItemKind.Module,
        detail: 'a step of the flow',
        textEdit: { range, newText: `${id}: ` },
      }));
  const keys = workspace.schemaOf(file).keysAt(path, cursor.value);
  const known = keys.filter(({ name }) => !present.includes(name) && goesWith(name, present, keys));
  const hasColon = /^[ \t]*:/.test(cursor.at.text.slice(cursor.at.offset));
  return known.map(({ name, schemas, required }) => {
    const about = descriptionOf(schemas);
    const value = defaultOf(schemas);
    const newText = hasColon ? name : `${name}:${isNested(schemas) && !isFlow(cursor) ? '' : ' '}`;
    return {
      label: name,
      kind: CompletionItemKind.Property,
      ...(required && { detail: 'required' }),
      ...(!required && value !== undefined && { detail: `default: ${JSON.stringify(value)}` }),
      ...(about !== undefined && { documentation: { kind: 'markdown' as const, value: about } }),
      sortText: `${required ? '0' : '1'}${name}`,
      insertTextFormat: InsertTextFormat.PlainText,
      textEdit: { range, newText },
    };
  });
}

function isFlow(cursor: Cursor): boolean {
  return cursor.position?.inFlowStyle ?? false;
}

/** A step has one verb, and only the keys that go with it. */
function goesWith(name: string, present: readonly string[], keys: readonly SchemaKey[]): boolean {
  const isStep = keys.some((key) => key.name === 'forEach') && keys.some((key) => key.name === 'raise');
  const verb = isStep ? present.find((key) => keysBeside(key) !== undefined) : undefined;
  if (verb === undefined) return true;
  return name === 'id' || name === 'if' || (!VERB_NAMES.some((one) => one === name) && keysBeside(verb)?.includes(name) === true);
}

/** Returns whether the keys of the map at the path are ids of steps. */
function isKeyedByStep(path: YamlPath): boolean {
  const [tests, , third, fourth] = path;
  if (tests !== 'tests') return false;
  return (
    (path.length === 3 && third === 'mocks') ||
    (path.length === 4 && third === 'expect' && (fourth === 'calls' || fourth === 'steps'))
  );
}

function valueItems(cursor: Cursor, position: YamlPosition, range: Range): CompletionItem[] {
  const { workspace, file } = cursor.at;
  const named = namesOf(cursor, position.path);
  const item = (label: string, detail?: string): CompletionItem => ({
    label,
    kind: CompletionItemKind.Value,
    ...(detail !== undefined && { detail }),
    textEdit: { range, newText: label },
  });
  if (named) return [...new Map(named.map((one) => [one.name, item(one.name, one.detail)])).values()];
  return valuesOf(workspace.schemaOf(file).at(position.path, cursor.value)).map(({ value, about }) => item(value, about));
}

/** Returns the names of the workspace that can be the value at a path; undefined when the value is no name. */
function namesOf(cursor: Cursor, path: YamlPath): readonly { readonly name: string; readonly detail: string }[] | undefined {
  const { workspace, file } = cursor.at;
  if (file === SETTINGS_FILE) return undefined;
  const last = path.at(-1);
  const parent = path.at(-2);
  if (last === 'connection' && isInStepOrTrigger(path)) {
    const plugin = String(valueAt(cursor.value, [...path.slice(0, -1), 'use'])).split('.')[0];
    const connections = workspace.analysisInput()?.workspace.draft.connections ?? [];
    const fitting = connections.filter((connection) => connection.plugin === plugin);
    return (fitting.length > 0 ? fitting : connections).map(({ name, plugin: of }) => ({
      name,
      detail: `a connection of ${of}`,
    }));
  }
  if (last === 'flow' && parent === 'call') {
    const flows = workspace.flowFiles().flatMap((one) => one.flows);
    return flows.filter(({ callable }) => callable).map(({ name }) => ({ name, detail: 'a flow that can be called' }));
  }
  if (typeof last === 'number' && parent === 'types') return mentioned(cursor, 'event', true);
  if (last === 'type' && (parent === 'emit' || path[0] === 'tests')) return mentioned(cursor, 'event', false);
  return undefined;
}

function isInStepOrTrigger(path: YamlPath): boolean {
  return path.length === 2 ? path[0] === 'trigger' : typeof path.at(-2) === 'number';
}

/** @param emitted true for the types that flows emit, false for those that they take */
function mentioned(cursor: Cursor, kind: MentionKind, emitted: boolean) {
  const { workspace, file, offset } = cursor.at;
  const isHere = (one: Mention) => one.file === file && one.start <= offset && offset <= one.end;
  const found = workspace.mentions().filter((one) => one.kind === kind && !/[*#]/.test(one.name) && !isHere(one));
  const detail = (defines: boolean) => (defines ? 'an event that a flow emits' : 'an event that a flow takes');
  return found
    .toSorted((a, b) => Number(b.defines === emitted) - Number(a.defines === emitted))
    .map(({ name, defines }) => ({ name, detail: detail(defines) }));
}
