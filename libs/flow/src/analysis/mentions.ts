import { typeMatches } from '@sluice/plugin-api';
import { flowsOf } from '../compile/flow-files.js';
import type { WorkspaceFile } from '../compile/workspace-file.js';
import { opensExpression, type ExpressionPart } from '../expression/index.js';
import type { FlowDraft } from '../grammar/drafts.js';
import { valuesOfRun } from '../grammar/values-of.js';
import type { SourceFile } from '../model.js';
import { textsOf, type Texts } from '../texts.js';
import { stepsOf } from '../verbs/index.js';
import { entryOf, scalarsOf, type ListNode, type ScalarNode, type YamlNode } from '../yaml/nodes.js';
import type { SourceText, Span } from '../yaml/source-text.js';

export type MentionKind = 'step' | 'constant' | 'connection' | 'event' | 'flow';

/** A place of a file that names a step, a constant, a connection, a type of events or a flow. */
export interface Mention extends Span {
  readonly kind: MentionKind;
  readonly name: string;
  /** Where the name is defined. Of an event type: a step that emits it. */
  readonly defines: boolean;
  readonly file: string;
  /** Name of the flow that the place belongs to. Ids of steps are known in their flow only. */
  readonly flow?: string;
}

/** One entry of `tests:`. */
export interface TestPlace extends Span {
  readonly flow: string;
  readonly name: string;
}

/** The names in one file. */
export interface FileMentions {
  readonly source: SourceText;
  readonly mentions: readonly Mention[];
  readonly flows: readonly FlowNames[];
}

/** The names of one flow. */
export interface FlowNames extends Span {
  readonly name: string;
  /** True when the flow can be called by a `call` step. */
  readonly callable: boolean;
  readonly stepIds: readonly string[];
  readonly tests: readonly TestPlace[];
  /** The reason why not every use of a step's id is known; absent when all are known. */
  readonly unread?: string;
}

/** Returns all places of a flow file that name something. Reuses the reading of the last lint of the same file object. */
export function mentionsOf(file: SourceFile): FileMentions {
  const { flows, report, partial } = flowsOf(file);
  const collected = flows.map((flow) => new Collector(flow, partial).collect());
  return {
    source: report.source,
    mentions: collected.flatMap(({ mentions }) => mentions).toSorted((a, b) => a.start - b.start),
    flows: collected.map(({ names }) => names),
  };
}

/** Returns the places of sluice.yaml that name a connection or a constant. */
export function mentionsOfWorkspace({ draft, source }: WorkspaceFile): readonly Mention[] {
  const { file } = source;
  const texts = textsOf(source);
  const defined = [
    ...draft.connections.map(({ name, nameNode }) => ({ kind: 'connection' as const, name, node: nameNode })),
    ...(draft.vars?.entries ?? []).map(({ name, key }) => ({ kind: 'constant' as const, name, node: key })),
  ].map(({ kind, name, node }) => ({ kind, name, defines: true, file, ...contentOf(node) }));
  const values = [...draft.connections.map((connection) => connection.with), draft.vars].filter((node) => node !== undefined);
  const uses = values.flatMap((value) => scalarsOf(value)).flatMap((scalar) => readsOf(scalar, texts));
  return [...defined, ...uses.filter(({ kind }) => kind === 'constant').map((use) => ({ ...use, defines: false, file }))];
}

/** Tells whether two mentions name the same thing. A pattern of event types names each type that it matches. */
export function isSameThing(a: Mention, b: Mention): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'step') return a.name === b.name && a.flow === b.flow;
  if (a.kind !== 'event') return a.name === b.name;
  return a.name === b.name || typeMatches(a.name, b.name) || typeMatches(b.name, a.name);
}

interface Read extends Span {
  readonly kind: 'step' | 'constant';
  readonly name: string;
}

/** Returns the steps and constants that the expressions of a scalar read. Spans are those of the file. */
function readsOf(node: ScalarNode, texts: Texts): Read[] {
  return texts.expressions(node).flatMap((part) => [
    ...part.references.flatMap(({ path, spans, inner }) => {
      const [root, name] = path;
      const span = spans[1];
      if (inner || name === undefined || span === undefined || (root !== 'steps' && root !== 'vars')) return [];
      const kind = root === 'steps' ? ('step' as const) : ('constant' as const);
      return [{ kind, name, ...texts.span(node, span.start, span.end) }];
    }),
    ...comparedIds(part).map(({ name, start, end }) => ({ kind: 'step' as const, name, ...texts.span(node, start, end) })),
  ]);
}

/** Returns the texts that are compared with `error.step`: they are ids of steps too. Spans are those of the text, without the quotes. */
function comparedIds({
  tokens,
  sourceStart,
}: ExpressionPart): { readonly name: string; readonly start: number; readonly end: number }[] {
  return tokens.flatMap(({ kind, text, start, end }, at) => {
    if (kind !== 'string') return [];
    const before = tokens.slice(Math.max(0, at - 4), at).map((token) => token.text);
    const after = tokens.slice(at + 1, at + 5).map((token) => token.text);
    const isCompared = /^error\.step!?=$/.test(before.join('')) || /^!?=error\.step$/.test(after.join(''));
    return isCompared ? [{ name: text.slice(1, -1), start: sourceStart + start + 1, end: sourceStart + end - 1 }] : [];
  });
}

class Collector {
  private readonly mentions: Mention[] = [];
  private readonly texts: Texts;
  private readonly file: string;

  constructor(
    private readonly draft: FlowDraft,
    private readonly fileIsPartial: boolean,
  ) {
    this.texts = textsOf(draft.report.source);
    this.file = draft.report.source.file;
  }

  collect(): { readonly mentions: readonly Mention[]; readonly names: FlowNames } {
    const { draft } = this;
    const steps = [...stepsOf(draft)];
    this.add('flow', draft.name, true, contentOf(draft.nameNode));
    for (const { name, key } of draft.vars?.entries ?? []) this.add('constant', name, true, contentOf(key));
    this.trigger();
    for (const step of steps) {
      if (step.id !== '') this.add('step', step.id, true, contentOf(step.idNode));
      if (step.verb === 'use' && step.connection) this.literal('connection', step.connection, false);
      if (step.verb === 'emit') this.literal('event', step.type, true);
      if (step.verb === 'call') this.literal('flow', step.flow, false);
    }
    for (const value of this.values()) for (const scalar of scalarsOf(value)) this.reads(scalar);
    const tests = this.tests(draft.tests);
    const unread = this.unread();
    return {
      mentions: this.mentions,
      names: {
        name: draft.name,
        callable: draft.trigger.kind === 'flow',
        stepIds: steps.flatMap(({ id }) => (id === '' ? [] : [id])),
        tests,
        ...contentOf(draft.nameNode),
        ...(unread !== undefined && { unread }),
      },
    };
  }

  private *values(): Generator<YamlNode> {
    const { draft } = this;
    yield* valuesOfRun(draft);
    if (draft.vars) yield draft.vars;
    if (draft.trigger.kind === 'plugin' && draft.trigger.with) yield draft.trigger.with;
  }

  private trigger(): void {
    const { trigger } = this.draft;
    if (trigger.kind === 'event') for (const type of trigger.types) this.literal('event', type, false);
    if (trigger.kind === 'plugin' && trigger.connection) this.literal('connection', trigger.connection, false);
  }

  /** A use of a step that is not known makes a rename of the step wrong. */
  private unread(): string | undefined {
    const { draft } = this;
    if (this.fileIsPartial) return 'a part of the file cannot be read';
    const unknown = [...stepsOf(draft)].find(({ verb }) => verb === 'unknown');
    if (unknown) return `step "${unknown.id}" has errors`;
    for (const value of this.values()) {
      for (const scalar of scalarsOf(value)) {
        const text = this.texts.parse(scalar);
        const isRead =
          text === undefined || (text.problems.length === 0 && this.texts.expressions(scalar).every(({ ast }) => ast));
        if (!isRead) return `the expression in line ${this.texts.source.location(scalar.start).line} has errors`;
      }
    }
    return undefined;
  }

  private tests(list: ListNode | undefined): TestPlace[] {
    return (list?.items ?? []).map((test) => {
      for (const { name, key, value } of entriesOf(entryOf(test, 'mocks')?.value)) {
        this.add('step', name, false, contentOf(key));
        for (const mock of value.kind === 'list' ? value.items : [value]) {
          const when = entryOf(mock, 'when')?.value;
          if (when?.kind === 'scalar') this.reads(when);
        }
      }
      const expect = entryOf(test, 'expect')?.value;
      for (const list of ['calls', 'steps'])
        for (const { name, key } of entriesOf(entryOf(expect, list)?.value)) this.add('step', name, false, contentOf(key));
      const failed = entryOf(entryOf(expect, 'error')?.value, 'step')?.value;
      if (failed?.kind === 'scalar') this.literal('step', failed, false);
      const that = entryOf(expect, 'that')?.value;
      for (const condition of that?.kind === 'list' ? that.items : []) {
        if (condition.kind !== 'scalar') continue;
        this.reads(condition);
        this.readsOfCalls(condition);
      }
      const events = entryOf(expect, 'events')?.value;
      const mentioned = [entryOf(test, 'trigger')?.value, ...(events?.kind === 'list' ? events.items : [])];
      for (const event of mentioned) {
        const type = entryOf(event, 'type')?.value;
        if (type?.kind === 'scalar') this.literal('event', type, false);
      }
      const name = entryOf(test, 'name')?.value;
      const at = name ?? (test.kind === 'map' ? test.entries[0]?.key : undefined) ?? test;
      return {
        flow: this.draft.name,
        name: name?.kind === 'scalar' ? String(name.value) : '',
        start: at.start,
        end: at.end,
      };
    });
  }

  /** Adds the steps whose calls a condition of a test reads: `calls.<step>`. */
  private readsOfCalls(node: ScalarNode): void {
    for (const { references } of this.texts.expressions(node)) {
      for (const { path, spans, inner } of references) {
        const [root, name] = path;
        const span = spans[1];
        if (root === 'calls' && name !== undefined && span && !inner)
          this.add('step', name, false, this.texts.span(node, span.start, span.end));
      }
    }
  }

  private reads(node: ScalarNode): void {
    for (const { kind, name, start, end } of readsOf(node, this.texts)) this.add(kind, name, false, { start, end });
  }

  private literal(kind: MentionKind, node: ScalarNode, defines: boolean): void {
    if (typeof node.value === 'string' && !opensExpression(node.value)) this.add(kind, node.value, defines, contentOf(node));
  }

  private add(kind: MentionKind, name: string, defines: boolean, { start, end }: Span): void {
    this.mentions.push({ kind, name, defines, file: this.file, flow: this.draft.name, start, end });
  }
}

function entriesOf(node: YamlNode | undefined) {
  return node?.kind === 'map' ? node.entries : [];
}

/** Returns the span of a scalar without its quotes. */
function contentOf({ start, end, style }: ScalarNode): Span {
  return style === 'single' || style === 'double' ? { start: start + 1, end: end - 1 } : { start, end };
}
