import { asName } from '../expression/index.js';
import { ANY, shapeAt, type Shape } from '../lint/shapes.js';
import type { Visible } from '../lint/visible.js';

/** A name that an expression can continue with. */
export interface VisibleName {
  readonly name: string;
  readonly kind: 'root' | 'step' | 'constant' | 'variable' | 'field';
  /** The name as an expression spells it: in backticks when it needs them. */
  readonly written: string;
  /** What is known about its value, for people. */
  readonly detail: string;
}

/** The roots of expressions, as the reference describes them. */
export const ROOT_DETAILS: Readonly<Record<string, string>> = {
  trigger: 'the event that started the run: its attributes, data and meta',
  steps: 'the outputs of the steps that have run, by step id',
  vars: 'the constants of sluice.yaml and of this flow',
  env: 'the environment, read at the start; always texts',
  error: 'the error that is handled here',
  run: 'this run: id, flow, startedAt',
  loop: 'the innermost loop: index (from 0) and total',
  with: 'the rendered input of the call',
};

/** Maximum names that one answer contains. */
const MAX_NAMES = 500;

/**
 * Returns the names that can follow a path in an expression: the roots after an empty path, the steps after `steps`, the fields that are
 * known of a value otherwise. Empty when nothing is known.
 */
export function namesAfter(visible: Visible, path: readonly string[]): readonly VisibleName[] {
  const [root, name, ...rest] = path;
  if (root === undefined) return rootsOf(visible);
  if (root === 'steps' && visible.steps) {
    if (name === undefined) return stepsOf(visible.steps);
    const sight = visible.steps.look(name);
    return sight?.kind === 'seen' ? fieldsOf(shapeAt(sight.shape, rest)) : [];
  }
  if (root === 'env') {
    if (name !== undefined || !visible.env) return [];
    const { names, secret } = visible.env;
    const readable = names.filter((one) => !secret.has(one) && !one.toUpperCase().startsWith('SLUICE_'));
    return readable
      .toSorted()
      .slice(0, MAX_NAMES)
      .map((one) => named(one, 'variable', 'a variable of the environment'));
  }
  const fields = fieldsOf(shapeAt(shapeOfRoot(visible, root), path.slice(1)));
  return root === 'vars' && path.length === 1 ? fields.map((field) => ({ ...field, kind: 'constant' })) : fields;
}

/** Returns a sentence about the value of a path; undefined when nothing is known about it. */
export function describePath(visible: Visible, path: readonly string[]): string | undefined {
  const before = path.slice(0, -1);
  const own = namesAfter(visible, before).find(({ name }) => name === path.at(-1));
  if (own === undefined) return undefined;
  const fields = namesAfter(visible, path);
  if (fields.length === 0 || own.kind === 'root') return own.detail;
  const shown = fields.slice(0, MAX_SHOWN).map(({ written }) => written);
  return `${own.detail}; its fields: ${shown.join(', ')}${fields.length > MAX_SHOWN ? ', …' : ''}`;
}

const MAX_SHOWN = 30;

function rootsOf(visible: Visible): VisibleName[] {
  const roots = (['trigger', 'steps', 'vars', 'env', 'error', 'run', 'loop'] as const).filter((root) => visible[root]);
  const items = [...(visible.items?.keys() ?? [])].map((name) => named(name, 'root', 'the item of the loop'));
  const others = [...roots, ...(visible.others ?? [])].map((name) =>
    named(name, 'root', ROOT_DETAILS[name] ?? 'what the run did'),
  );
  return [...items, ...others];
}

function stepsOf(steps: NonNullable<Visible['steps']>): VisibleName[] {
  return steps.names.slice(0, MAX_NAMES).flatMap((id) => {
    const sight = steps.look(id);
    if (sight?.kind !== 'seen') return [];
    return [named(id, 'step', sight.maybe ? 'the output of a step that may have been skipped' : 'the output of the step')];
  });
}

function shapeOfRoot(visible: Visible, root: string): Shape {
  const item = visible.items?.get(root);
  if (item) return item;
  if (root === 'trigger' || root === 'vars' || root === 'error' || root === 'run' || root === 'loop') return visible[root] ?? ANY;
  return ANY;
}

function fieldsOf(shape: Shape): VisibleName[] {
  let item = shape;
  while (item.kind === 'list') item = item.item;
  if (item.kind !== 'object') return [];
  const { giver } = item;
  return [...item.fields].slice(0, MAX_NAMES).map(([name, field]) => {
    const kind = { any: 'a value', list: 'a list', object: 'an object' }[field.shape.kind];
    return named(name, 'field', `${kind} of ${giver}${field.optional ? ', may be absent' : ''}`);
  });
}

function named(name: string, kind: VisibleName['kind'], detail: string): VisibleName {
  return { name, kind, written: asName(name), detail };
}
