import type { Condition, SourceLocation, Scope, Template, TextTemplate } from '../model.js';
import { withSharedTime } from './budget.js';
import { compileExpression, type Evaluate } from './evaluate.js';
import { ExpressionFault, toFlowError } from './faults.js';
import { describeMissing, kindOf } from './names.js';
import { OMIT } from './omit.js';
import type { ExpressionPart, LiteralPart, ParsedText } from './parse-text.js';
import { textOf } from './text-of.js';

/** A YAML value whose texts have been parsed. */
export type TemplateSource =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: ParsedText; readonly locationOf: LocationOf }
  | { readonly kind: 'list'; readonly items: readonly TemplateSource[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: string, value: TemplateSource])[] };

/** The place in the file of an offset in a parsed text. Called while compiling, once for each expression. */
export type LocationOf = (offset: number) => SourceLocation;

/**
 * Compiles a value with its expressions. Its texts must have no problems. `render` returns undefined when the whole value is `$omit`.
 */
export function compileTemplate(source: TemplateSource): Template {
  const renderer = compileSource(source);
  if (renderer.constant) return renderer;
  const render = withSharedTime(renderer.render);
  return { constant: false, render: (scope) => then(render(scope), (value) => (value === OMIT ? undefined : value)) };
}

/** Compiles a text that always renders to a text, also when it is one whole expression. The text must have no problems. */
export function compileText(text: ParsedText, locationOf: LocationOf): TextTemplate {
  const renderer = compileTextParts(text, locationOf);
  const render = renderer.constant ? renderer.render : withSharedTime(renderer.render);
  return { constant: renderer.constant, text: render as TextTemplate['text'] };
}

/** Compiles a condition: one whole expression, or a literal. */
export function compileCondition(source: ParsedText | boolean, locationOf: LocationOf): Condition {
  if (typeof source === 'boolean') return { test: () => source };
  const part = onlyExpression(source);
  const location = locationOf(part.start);
  const evaluate = compileExpression(part, location);
  const check = (value: unknown, scope: Scope): boolean => {
    if (typeof value === 'boolean') return value;
    throw toFlowError(notBoolean(part, value, scope), location);
  };
  return {
    source: source.text,
    test: (scope) => {
      const value = evaluate(scope);
      return value instanceof Promise ? value.then((given) => check(given, scope)) : check(value, scope);
    },
  };
}

interface Renderer {
  readonly constant: boolean;
  readonly render: Evaluate;
}

function constant(value: unknown): Renderer {
  return { constant: true, render: () => value };
}

function dynamic(render: Evaluate): Renderer {
  return { constant: false, render };
}

/** Composes a value. A value without expressions is composed once and frozen, so that all runs can share it. */
function composed(parts: readonly Renderer[], compose: (values: readonly unknown[]) => unknown): Renderer {
  if (parts.every((part) => part.constant))
    return constant(Object.freeze(compose(parts.map((part) => (part.render as () => unknown)()))));
  return dynamic((scope) => then(settled(parts, scope), compose));
}

function compileSource(source: TemplateSource): Renderer {
  switch (source.kind) {
    case 'value':
      return constant(deepFreeze(source.value));
    case 'text':
      return source.text.whole ? compileWhole(source.text, source.locationOf) : compileTextParts(source.text, source.locationOf);
    case 'list':
      return compileList(source.items.map(compileSource));
    case 'map':
      return compileMap(source.entries.map(([key, value]) => [key, compileSource(value)]));
  }
}

function compileWhole(text: ParsedText, locationOf: LocationOf): Renderer {
  const part = onlyExpression(text);
  const location = locationOf(part.start);
  const evaluate = compileExpression(part, location);
  const check = (value: unknown, scope: Scope): unknown => {
    if (value !== undefined) return value;
    throw toFlowError(missing(part, scope, '$omit'), location);
  };
  return dynamic((scope) => {
    const value = evaluate(scope);
    return value instanceof Promise ? value.then((given) => check(given, scope)) : check(value, scope);
  });
}

function compileList(items: readonly Renderer[]): Renderer {
  return composed(items, (values) => values.filter((value) => value !== OMIT));
}

function compileMap(entries: readonly (readonly [string, Renderer])[]): Renderer {
  const keys = entries.map(([key]) => key);
  return composed(
    entries.map(([, renderer]) => renderer),
    (values) => toObject(keys, values),
  );
}

/** Renders all in order. Returns a promise only when one of the values is a promise. */
function settled(renderers: readonly Renderer[], scope: Scope): readonly unknown[] | Promise<readonly unknown[]> {
  const values: unknown[] = [];
  let waits = false;
  for (const renderer of renderers) {
    const value = renderer.render(scope);
    if (value instanceof Promise) waits = true;
    values.push(value);
  }
  return waits ? Promise.all(values) : values;
}

function toObject(keys: readonly string[], values: readonly unknown[]): object {
  const made: Record<string, unknown> = {};
  keys.forEach((key, index) => {
    const value = values[index];
    if (value === OMIT) return;
    if (key === '__proto__') Object.defineProperty(made, key, { value, enumerable: true, configurable: true, writable: true });
    else made[key] = value;
  });
  return made;
}

function compileTextParts(text: ParsedText, locationOf: LocationOf): Renderer {
  const parts = text.whole ? text.parts.filter((part) => part.kind === 'expression') : text.parts;
  return composed(
    parts.map((part) => compileTextPart(part, locationOf)),
    (values) => values.join(''),
  );
}

function compileTextPart(part: LiteralPart | ExpressionPart, locationOf: LocationOf): Renderer {
  if (part.kind === 'literal') return constant(part.value);
  const location = locationOf(part.start);
  const evaluate = compileExpression(part, location);
  const check = (value: unknown, scope: Scope): string => {
    const text = textOf(value);
    if (text !== undefined) return text;
    throw toFlowError(value === undefined ? missing(part, scope, '""') : notText(part, value), location);
  };
  return dynamic((scope) => {
    const value = evaluate(scope);
    return value instanceof Promise ? value.then((given) => check(given, scope)) : check(value, scope);
  });
}

function onlyExpression(text: ParsedText): ExpressionPart {
  const part = text.parts.find((each) => each.kind === 'expression');
  if (!part || !text.whole) throw new Error(`not one whole expression: ${text.text}`);
  return part;
}

function missing(part: ExpressionPart, scope: Scope, instead: string): ExpressionFault {
  const cure = `write: \${{ ${withDefault(part, instead)} }}, if it may be absent`;
  return new ExpressionFault('EXPR_MISSING', describeMissing(part, scope), cure);
}

/** Adds a default. `??` has the lowest precedence on its left side, so a source that is not a path gets parentheses. */
function withDefault(part: ExpressionPart, instead: string): string {
  const source = part.source.trim();
  return part.ast?.type === 'path' ? `${source} ?? ${instead}` : `(${source}) ?? ${instead}`;
}

function notText(part: ExpressionPart, value: unknown): ExpressionFault {
  if (value === OMIT) return new ExpressionFault('EXPR_TEXT', `${part.source.trim()} is $omit inside a text`, 'write "" instead');
  return new ExpressionFault('EXPR_TEXT', `${part.source.trim()} is ${kindOf(value)}, which cannot stand inside a text`);
}

function notBoolean(part: ExpressionPart, value: unknown, scope: Scope): ExpressionFault {
  if (value !== undefined) {
    const given = value === OMIT ? '$omit' : kindOf(value);
    return new ExpressionFault(
      'EXPR_NOT_BOOLEAN',
      `${part.source.trim()} is ${given}, not true or false`,
      'compare it with a value',
    );
  }
  const cure = `write: \${{ ${withDefault(part, 'false')} }}, if it may be absent`;
  return new ExpressionFault('EXPR_NOT_BOOLEAN', describeMissing(part, scope), cure);
}

function then<Value>(value: Value | Promise<Value>, next: (value: Value) => unknown): unknown {
  return value instanceof Promise ? value.then(next) : next(value);
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
