import { parseDuration, type ErrorView } from '@sluice/plugin-api';
import { readInstant } from '../expression/index.js';
import type { Expectation, FlowTest, StepMock, TestEvent } from '../flow-tests.js';
import type { SourceLocation } from '../model.js';
import { entryOf, nodeAt, toValue, type YamlNode } from '../yaml/nodes.js';
import type { SourceText } from '../yaml/source-text.js';
import { textsOf } from '../texts.js';
import { Templates } from './templates.js';

/** Builds the tests of one file. Their structure must have been checked and have no errors. */
export class TestBuilder {
  private readonly templates: Templates;

  /** @param timezone `settings.timezone`, for times without an offset; UTC when it is undefined */
  constructor(
    private readonly source: SourceText,
    private readonly timezone: string | undefined,
  ) {
    this.templates = new Templates(textsOf(source));
  }

  build(node: YamlNode): FlowTest {
    const now = readInstant(textOf(entryOf(node, 'now')?.value), this.timezone);
    const mocks = entryOf(node, 'mocks')?.value;
    const expect = entryOf(node, 'expect')?.value;
    return {
      name: textOf(entryOf(node, 'name')?.value) ?? 'without a name',
      location: this.locationOf(node),
      ...(now !== undefined && { nowMs: now }),
      env: recordOf(entryOf(node, 'env')?.value) as Readonly<Record<string, string>>,
      triggers: triggersOf(node),
      mocks: new Map(mocks?.kind === 'map' ? mocks.entries.map(({ name, value }) => [name, this.mocksOf(value)]) : []),
      ...(expect && { expect: this.expectation(expect) }),
    };
  }

  private mocksOf(node: YamlNode): readonly StepMock[] {
    return (node.kind === 'list' ? node.items : [node]).map((one) => this.mock(one));
  }

  private mock(node: YamlNode): StepMock {
    const when = entryOf(node, 'when')?.value;
    const times = valueOf(entryOf(node, 'times')?.value);
    const error = entryOf(node, 'error');
    return {
      location: this.locationOf(node),
      ...(when?.kind === 'scalar' && { when: this.templates.condition(when) }),
      ...(typeof times === 'number' && { times }),
      afterMs: durationOf(entryOf(node, 'after')?.value),
      answer: error
        ? { kind: 'error', error: errorOf(toValue(error.value)) }
        : { kind: 'output', output: valueOf(entryOf(node, 'output')?.value) },
    };
  }

  private expectation(node: YamlNode): Expectation {
    const { that: _that, ...value } = recordOf(node);
    const that = entryOf(node, 'that')?.value;
    const conditions = that?.kind === 'list' ? that.items.filter((item) => item.kind === 'scalar') : [];
    return {
      value,
      that: conditions.map((condition) => ({
        condition: this.templates.condition(condition),
        source: String(condition.value),
        location: this.locationOf(condition),
      })),
      locate: (path) => {
        const found = path.map((_, index) => nodeAt(node, path.slice(0, path.length - index))).find((one) => one !== undefined);
        return this.locationOf(found ?? node);
      },
    };
  }

  private locationOf({ start }: YamlNode): SourceLocation {
    return { file: this.source.file, ...this.source.location(start) };
  }
}

function triggersOf(test: YamlNode): readonly TestEvent[] {
  const list = entryOf(test, 'triggers')?.value;
  const one = entryOf(test, 'trigger')?.value;
  if (list?.kind !== 'list') return one ? [{ atMs: 0, event: recordOf(one) }] : [];
  return list.items.map((node) => {
    const { at: _at, ...event } = recordOf(node);
    return { atMs: durationOf(entryOf(node, 'at')?.value), event };
  });
}

/** Returns the milliseconds of a duration; 0 without one. */
function durationOf(node: YamlNode | undefined): number {
  return parseDuration(textOf(node) ?? '') ?? 0;
}

function textOf(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' ? String(node.value) : undefined;
}

function valueOf(node: YamlNode | undefined): unknown {
  return node && toValue(node);
}

function recordOf(node: YamlNode | undefined): Readonly<Record<string, unknown>> {
  return (valueOf(node) ?? {}) as Readonly<Record<string, unknown>>;
}

function errorOf(value: unknown): Extract<StepMock['answer'], { kind: 'error' }>['error'] {
  if (typeof value === 'string') return { fate: value as ErrorView['fate'] };
  return { fate: 'rejected', ...(value as { readonly fate?: ErrorView['fate'] }) };
}
