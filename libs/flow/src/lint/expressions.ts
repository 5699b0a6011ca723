import { FINDING_CODES } from '../codes.js';
import {
  asName,
  asPath,
  checkExpression,
  type ExpressionPart,
  type ExpressionProblem,
  type LiteralPart,
  type Reference,
} from '../expression/index.js';
import { namesListed, nearest } from '../nearest.js';
import { replacing, type Cure, type Edit, type Report } from '../report.js';
import type { Texts } from '../texts.js';
import { scalarsOf, type ScalarNode, type YamlNode } from '../yaml/nodes.js';
import { partText, quoted } from '../yaml/spell.js';
import type { Span } from '../yaml/source-text.js';
import { isAlternative } from './alternatives.js';
import { kindOtherThanList } from './expression-shape.js';
import { ANY, findMiss, findOptional, isPresent, type Shape } from './shapes.js';
import { findUnmarked } from './unmarked.js';
import type { EnvironmentView, StepsView, Visible } from './visible.js';

export type { EnvironmentView, StepSight, StepsView, Visible } from './visible.js';

/** What the value of a text with expressions is for. A `key` must have a value; a `note` may be absent; a `type` is that of an event. */
export type Purpose = 'value' | 'condition' | 'key' | 'note' | 'type';

const ROOTS = ['trigger', 'vars', 'env', 'steps', 'error', 'run', 'loop'] as const;

/** Checks the expressions of one file. */
export class ExpressionCheck {
  /** @param seen called for each scalar that is checked, with the roots that an expression in it can read */
  constructor(
    private readonly texts: Texts,
    private readonly report: Report,
    private readonly seen?: (node: ScalarNode, visible: Visible) => void,
  ) {}

  /** Checks all expressions below a node. */
  values(node: YamlNode | undefined, visible: Visible, purpose: Purpose = 'value'): void {
    if (node === undefined) return;
    for (const scalar of scalarsOf(node)) this.scalar(scalar, visible, purpose);
  }

  condition(node: ScalarNode | undefined, visible: Visible): void {
    if (node) this.scalar(node, visible, 'condition', 'a condition');
  }

  /**
   * Checks a value that must be one whole expression, and whose value must be a list.
   * @param key its key, for the message
   */
  list(node: ScalarNode, key: string, visible: Visible): void {
    this.expression(node, key, visible);
    const [part] = this.texts.expressions(node);
    const other = part && kindOtherThanList(part, visible);
    if (!part || other === undefined) return;
    const lists = other.shape?.kind === 'object' ? [...other.shape.fields].filter(([, { shape }]) => shape.kind === 'list') : [];
    const write = lists.length === 1 ? `${key}: \${{ ${part.source.trim()}.${asPath([String(lists[0]?.[0])])} }}` : undefined;
    this.report.error(
      node,
      'FLOW_VALUE',
      `${key} is a list, but this is ${other.what}`,
      write === undefined ? { do: 'name a list, or write [ … ] around the value for a list of one' } : { write },
    );
  }

  /**
   * Checks a value that must be one whole expression.
   * @param key its key, for the message
   */
  expression(node: ScalarNode, key: string, visible: Visible): void {
    this.scalar(node, visible, 'value', key);
  }

  /** @param wholeOnly the name of a value that must be one whole expression; undefined for any other value */
  private scalar(node: ScalarNode, visible: Visible, purpose: Purpose, wholeOnly?: string): void {
    this.seen?.(node, visible);
    if (this.report.full) return;
    const text = this.texts.parse(node);
    if (typeof node.value === 'string' && node.value.includes('{'))
      this.marks(node, text?.parts.filter((part) => part.kind === 'literal') ?? [literalOf(node)]);
    if (!text) return this.unmarked(node, visible, purpose);
    for (const problem of text.problems) this.problem(node, problem);
    const whole = text.whole;
    if (wholeOnly !== undefined && !whole && text.problems.length === 0) {
      this.report.error(node, 'FLOW_VALUE', `${wholeOnly} is one whole expression`, {
        do: 'write nothing before or after ${{ … }}',
      });
    }
    const condition = purpose === 'condition';
    const roots = rootsIn(visible);
    for (const part of text.parts) {
      if (part.kind !== 'expression' || part.ast === undefined) continue;
      for (const problem of checkExpression(part, { roots, whole, condition, present: (path) => isAlwaysThere(path, visible) }))
        this.problem(node, problem);
      for (const reference of part.references) {
        if (!reference.inner)
          new ReferenceCheck(node, part, reference, whole || purpose !== 'value' ? purpose : 'text', this.texts, this.report).run(
            visible,
          );
      }
    }
  }

  /** Warns about the expression marks of other systems (`${ trigger.data }}`, `{{ trigger.data }}`), which would be sent literally. */
  private marks(node: ScalarNode, literals: readonly LiteralPart[]): void {
    for (const { start, value } of literals) {
      for (const match of value.matchAll(ALMOST_EXPRESSION)) {
        const at = this.texts.span(node, start + match.index, start + match.index + match[0].length);
        const message = `${match[0]} is a text here: an expression is written between "\${{" and "}}"`;
        const write = `\${{ ${match[1]?.trimEnd()} }}`;
        const spelling = partText(write, node);
        this.report.warning(at, 'EXPR_MARK', message, spelling === undefined ? { write } : replacing(at, spelling, write));
      }
    }
  }

  /** Warns about a whole text that is an expression without its marks, which would be sent literally. */
  private unmarked(node: ScalarNode, visible: Visible, purpose: Purpose): void {
    if (typeof node.value !== 'string') return;
    const kind = findUnmarked(node.value, visible, purpose === 'type');
    if (kind === undefined) return;
    const source = node.value.trim();
    const message = `${clipped(source)} is a text here: an expression is written between "\${{" and "}}"`;
    const write = `\${{ ${source} }}`;
    const cure =
      kind === 'expression'
        ? { write, fix: this.marked(node, source) }
        : { do: 'compute it in a step: this value is evaluated at the start, when there is no event' };
    this.report.warning(node, 'EXPR_UNMARKED', message, cure);
  }

  /** Returns the edits that put the marks around the text of a scalar. A plain one is quoted, because `{` is reserved inside of `{ }`. */
  private marked(node: ScalarNode, source: string): readonly Edit[] {
    if (node.style === 'plain') return [{ start: node.start, end: node.end, text: quoted(`\${{ ${source} }}`) }];
    const start = String(node.value).indexOf(source);
    const end = start + source.length;
    return [
      { ...this.spanOf(node, start, start), text: '${{ ' },
      { ...this.spanOf(node, end, end), text: ' }}' },
    ];
  }

  private problem(node: ScalarNode, problem: ExpressionProblem): void {
    if (problem.code === 'EXPR_UNCLOSED' && this.reportComment(node)) return;
    const at = this.texts.span(node, problem.start, problem.end);
    const cure = this.cureOf(node, problem);
    if (problem.severity === 'error') this.report.error(at, problem.code, problem.message, cure);
    else this.report.warning(at, problem.code, problem.message, cure);
  }

  private cureOf(node: ScalarNode, problem: ExpressionProblem): Cure {
    const { code, write } = problem;
    if (write !== undefined) return { write, do: problem.do, fix: this.fixOf(node, problem) };
    return { do: problem.do ?? FINDING_CODES[code].cure };
  }

  /** Returns the edits of the file for the edits of a text; undefined when its scalar cannot contain them. */
  private fixOf(node: ScalarNode, { edits }: ExpressionProblem): readonly Edit[] | undefined {
    const found = edits?.flatMap(({ start, end, text }) => {
      const spelling = partText(text, node);
      return spelling === undefined ? [] : [{ ...this.spanOf(node, start, end), text: spelling }];
    });
    return found?.length === edits?.length ? found : undefined;
  }

  /** Returns the span in the file; an empty range of the text has an empty span. */
  private spanOf(node: ScalarNode, start: number, end: number): Span {
    if (start < end) return this.texts.span(node, start, end);
    const at = start === 0 ? this.texts.span(node, 0, 1).start : this.texts.span(node, start - 1, start).end;
    return { start: at, end: at };
  }

  /** Reports an expression cut off by ` #`, as in `title: ${{ "Заказ #" & n }}`: YAML reads the rest of the line as a comment. */
  private reportComment(node: ScalarNode): boolean {
    if (node.style !== 'plain') return false;
    const { line } = this.texts.source.location(node.end - 1);
    const lineStart = this.texts.source.lineStart(line);
    const lineEnd = this.texts.source.lineEnd(line);
    const comment = /^\s+#/.exec(this.texts.source.text.slice(node.end, lineEnd));
    if (!comment) return false;
    const at = node.end + comment[0].length - 1;
    const before = this.texts.source.text.slice(Math.min(lineStart, node.start), node.start);
    const written = this.texts.source.text.slice(node.start, lineEnd).trimEnd();
    const cure = replacing(
      { start: node.start, end: node.start + written.length },
      quoted(written),
      before.trimStart() + quoted(written),
    );
    this.report.error({ start: at, end: at + 1 }, 'YAML_QUOTE', '" #" begins a comment, so this expression was cut off', cure);
    return true;
  }
}

/** Maximum characters of a text that a message shows. */
const MAX_SHOWN_CHARACTERS = 60;

function clipped(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

/** Returns the names of the roots. Cached, because all expressions of a step share what is visible. */
function rootsIn(visible: Visible): readonly string[] {
  let roots = rootsOfVisible.get(visible);
  if (roots === undefined) {
    const items = visible.items?.keys() ?? [];
    roots = [...ROOTS.filter((root) => visible[root] !== undefined), ...items, ...(visible.others ?? [])];
    rootsOfVisible.set(visible, roots);
  }
  return roots;
}

const rootsOfVisible = new WeakMap<Visible, readonly string[]>();

const ALMOST_EXPRESSION = /(?:\$\{(?!\{)|(?<!\$)\{\{)\s*((?:trigger|steps|vars|env|error|run|loop)\.[^{}]*)\}{1,2}/g;

function literalOf({ value }: ScalarNode): LiteralPart {
  const text = typeof value === 'string' ? value : '';
  return { kind: 'literal', start: 0, end: text.length, value: text };
}

/** Attributes that each event has. */
const CERTAIN_ATTRIBUTES: readonly (string | undefined)[] = ['id', 'source', 'type', 'time', 'data'];

function isAlwaysThere([root, ...path]: readonly string[], visible: Visible): boolean {
  const [name, ...rest] = path;
  if (root === 'env') return name !== undefined && (visible.env?.names.includes(name) ?? false);
  if (root === 'vars') return visible.vars !== undefined && isPresent(visible.vars, path);
  if (root === 'run') return visible.run !== undefined && isPresent(visible.run, path);
  if (root === 'trigger')
    return CERTAIN_ATTRIBUTES.includes(name) && visible.trigger !== undefined && isPresent(visible.trigger, path);
  if (root === 'loop') return visible.loop !== undefined && isPresent(visible.loop, path);
  const item = root === undefined ? undefined : visible.items?.get(root);
  if (item) return isPresent(item, path);
  if (root === 'error') return name === 'code' || name === 'fate' || name === 'message';
  const sight = root === 'steps' && name !== undefined ? visible.steps?.look(name) : undefined;
  return sight?.kind === 'seen' && !sight.maybe && isPresent(sight.shape, rest);
}

class ReferenceCheck {
  /** @param purpose what the value of the whole expression is for; `text` when it becomes a part of a text */
  constructor(
    private readonly node: ScalarNode,
    private readonly part: ExpressionPart,
    private readonly reference: Reference,
    private readonly purpose: Purpose | 'text',
    private readonly texts: Texts,
    private readonly report: Report,
  ) {}

  run(visible: Visible): void {
    const [root, name] = this.reference.path;
    if (root === 'env' && visible.env) this.environment(visible.env, name);
    else if (root === 'vars' && visible.vars) this.constant(visible.vars, name);
    else if (root === 'steps' && visible.steps) this.step(visible.steps, name);
    else if (root === 'trigger' && visible.trigger) this.fields(visible.trigger, 1);
    else if (root === 'error' && visible.error) this.fields(visible.error, 1);
    else if (root === 'run' && visible.run) this.fields(visible.run, 1);
    else if (root === 'loop' && visible.loop) this.fields(visible.loop, 1);
    else if (root !== undefined) this.fields(visible.items?.get(root) ?? ANY, 1);
  }

  private environment(env: EnvironmentView, name: string | undefined): void {
    if (name === undefined) {
      this.report.error(this.at(0), 'EXPR_ROOT', 'env is read by name only', { write: 'env.NAME' });
      return;
    }
    env.read(name);
    if (name.toUpperCase().startsWith('SLUICE_')) {
      const message = `${name} is a setting of the host, so neither flows nor connections can read it`;
      this.report.error(this.at(1), 'EXPR_SECRET', message, { do: 'set a variable of another name before the start' });
    } else if (env.secret.has(name)) {
      const message = `${name} fills a secret field, so a flow cannot read it`;
      this.report.error(this.at(1), 'EXPR_SECRET', message, {
        do: 'use another variable, or keep the secret in the connection',
      });
    } else if (!env.names.includes(name) && !this.reference.guarded) {
      const near = nearest(name, env.names);
      const cure =
        near === undefined ? { do: `set ${name} before the start, or write env.${name} ?? "…"` } : this.renaming(1, near);
      this.report.error(this.at(1), 'ENV_MISSING', `the environment has no ${name}`, cure);
    }
  }

  private constant(vars: Shape, name: string | undefined): void {
    if (name === undefined || vars.kind !== 'object') return;
    if (vars.fields.has(name)) {
      this.fields(vars, 1);
      return;
    }
    const near = nearest(name, vars.fields.keys());
    this.report.error(
      this.at(1),
      'REF_VAR',
      `no constant is called "${name}"`,
      near === undefined ? { do: namesListed('constants', vars.fields.keys()) } : this.renaming(1, near),
    );
  }

  private step(steps: StepsView, id: string | undefined): void {
    if (id === undefined) return;
    const sight = steps.look(id);
    // `steps.find-client` is a subtraction; the expression check has reported it.
    const next = this.reference.spans[1]?.end ?? 0;
    if (sight === undefined && /^-[A-Za-z]/.test(this.part.source.slice(next - this.part.sourceStart))) return;
    if (sight === undefined) {
      const near = nearest(id, steps.names);
      this.report.error(
        this.at(1),
        'REF_STEP',
        `no step is called "${id}"`,
        near === undefined ? { do: namesListed('steps', steps.names) } : this.renaming(1, near),
      );
    } else if (sight.kind === 'later') {
      this.report.error(this.at(1), 'REF_STEP_LATER', `step "${id}" has not run yet here`, {
        do: `move this step behind "${id}"`,
      });
    } else if (sight.kind === 'item') {
      const message = `step "${id}" runs once for each item of "${sight.loop}", so its result can be read in that loop only`;
      this.report.error(this.at(1), 'REF_STEP', message, {
        do: `read steps.${sight.loop}.results, and write "output" of the loop`,
      });
    } else if (sight.kind === 'nothing') {
      this.report.error(this.at(1), 'REF_STEP', `step "${id}" has no result: it is ${sight.verb}`, {
        do: 'read a step that has a result: use, call, set, forEach, try or switch',
      });
    } else {
      const fails = !steps.inOwnCondition || this.isWholeExpression();
      if (sight.maybe && fails && !this.reference.guarded && !isAlternative(this.part, this.reference)) {
        const write = this.withDefault('null');
        this.report.warning(this.at(1), 'REF_STEP_MAYBE', `step "${id}" may have been skipped`, { write });
      }
      this.fields(sight.shape, 2);
    }
  }

  /** Checks the names of the path from index `from` on. */
  private fields(shape: Shape, from: number): void {
    const { path } = this.reference;
    const names = path.slice(from);
    const miss = findMiss(shape, names);
    if (miss) {
      const at = from + miss.at;
      const name = path[at] as string;
      const known = [...miss.shape.fields.keys()];
      const near = nearest(name, known);
      if (miss.shape.loose && near === undefined) return;
      const cure = near === undefined ? { do: namesListed('known fields', known) } : this.renaming(at, near);
      const message = `${miss.shape.giver} has no "${name}"`;
      if (miss.shape.closed) this.report.error(this.at(at), 'EXPR_FIELD', message, cure);
      else if (!this.reference.guarded) this.report.warning(this.at(at), 'EXPR_FIELD', message, cure);
      return;
    }
    const optional = findOptional(shape, names);
    if (optional === undefined || this.reference.guarded || !this.isWholeExpression()) return;
    // a note without a value is no note: that is not a failure
    if (this.purpose === 'note') return;
    const name = path[from + optional] as string;
    this.report.warning(this.at(from + optional), 'EXPR_MAYBE', `"${name}" may be absent`, { write: this.withDefault('$omit') });
  }

  /** Returns the cure that replaces one name of the path. The finding shows the path up to it. */
  private renaming(index: number, name: string): Cure {
    const write = asPath([...this.reference.path.slice(0, index), name]);
    const spelling = partText(asName(name), this.node);
    return spelling === undefined ? { write } : replacing(this.at(index), spelling, write);
  }

  /**
   * Returns the path with a default that is possible at its place.
   * @param ofValue the default where any value is possible
   */
  private withDefault(ofValue: 'null' | '$omit'): string {
    const path = asPath(this.reference.path);
    // `??` has the lowest precedence
    if (!this.isWholeExpression()) return `(${path} ?? null)`;
    return `${path} ?? ${{ value: ofValue, text: '""', note: '""', key: 'trigger.id', condition: 'false', type: 'trigger.type' }[this.purpose]}`;
  }

  /** Returns whether the path is the whole expression. In a larger expression an absent field may be intended. */
  private isWholeExpression(): boolean {
    const { source, sourceStart } = this.part;
    const start = sourceStart + source.length - source.trimStart().length;
    const end = sourceStart + source.trimEnd().length;
    const { spans } = this.reference;
    return spans[0]?.start === start && spans.at(-1)?.end === end;
  }

  private at(index: number): Span {
    const span = this.reference.spans[index] as Span;
    return this.texts.span(this.node, span.start, span.end);
  }
}
