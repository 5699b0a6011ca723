import type { DryRunResult, TracedAttempt, TracedBlock, TracedStep } from '@sluice/flow-test';
import type { ErrorView } from '@sluice/plugin-api';
import { jsonLines, shortJson } from './json-lines.js';
import { paint } from './paint.js';
import { counted, inWords } from './words.js';

/** Maximum items of a loop that are shown; JSON has all. */
const MAX_ITEMS = 10;
/** Maximum lines of a value. */
const MAX_VALUE_LINES = 12;
const MAX_CONDITION_VALUES = 4;

export interface TraceLinesOptions {
  readonly mask: (text: string) => string;
  /** Steps that mocks answer. */
  readonly mocked: ReadonlySet<string>;
  /** Steps that are really called. */
  readonly live: ReadonlySet<string>;
}

/** Returns the steps of a dry run as lines of text: each with its virtual time, its input and its output. */
export function traceLines(result: DryRunResult, options: TraceLinesOptions): readonly string[] {
  const lines = new TraceLines(options, new Map(result.closed.map(({ connection, because }) => [connection, because])));
  lines.steps(result.steps, 0);
  if (result.catch.length > 0) {
    lines.add(0, paint.yellow('catch of the flow'));
    lines.steps(result.catch, 1);
  }
  if (result.omitted > 0) lines.add(0, `… ${counted(result.omitted, 'further step')}`);
  return [...lines.lines, ...endLines(result, options.mask)];
}

class TraceLines {
  readonly lines: string[] = [];

  /** @param closed why no call can begin, by connection */
  constructor(
    private readonly options: TraceLinesOptions,
    private readonly closed: ReadonlyMap<string, string>,
  ) {}

  add(depth: number, text: string): void {
    this.lines.push(' '.repeat(10 + 2 * depth) + text);
  }

  steps(steps: readonly TracedStep[], depth: number): void {
    for (const step of steps) this.#step(step, depth);
  }

  #step(traced: TracedStep, depth: number): void {
    const { step, at, blocks } = traced;
    const time = inWords(at).padStart(8);
    this.lines.push(`${paint.dim(time)}  ${' '.repeat(2 * depth)}${paint.bold(step)}  ${this.#headOf(traced)}`);
    if (traced.state === 'skipped') return;
    if (traced.verb === 'emit' || traced.verb === 'reply') this.#value(depth, 'sent', contentOf(traced));
    else this.#value(depth, 'in', traced.input);
    for (const [index, attempt] of traced.attempts.entries()) this.#attempt(depth, attempt, index + 1, traced.attempts.length);
    this.#blocks(blocks, depth + 1);
    if (traced.error) this.#error(depth, traced.error);
    const { state, verb, output } = traced;
    if ((state === 'done' || state === 'replaced') && output !== undefined && verb !== 'emit')
      this.#value(depth, state === 'replaced' ? 'out by onError' : `out${this.#origin(traced)}`, output);
    if (state === 'waiting') this.add(depth + 1, paint.yellow(`did not end${this.#waitOf(traced)}`));
  }

  #waitOf({ attempts }: TracedStep): string {
    const connection = attempts.at(-1)?.target?.connection ?? '';
    const because = this.closed.get(connection);
    return because === undefined ? '' : `: waits for ${connection}: ${because}`;
  }

  #headOf({ verb, attempts, state, condition, blocks, output }: TracedStep): string {
    if (state === 'skipped') return paint.dim('skipped: ') + this.#conditionOf(condition);
    const target = attempts[0]?.target;
    if (target) return `${target.plugin}.${target.action} on ${target.connection}`;
    if (verb === 'forEach') return `forEach, ${counted(totalOf(output) ?? blocks.length, 'item')}`;
    if (verb === 'emit') return `emit ${(output as { readonly type?: string } | undefined)?.type ?? ''}`;
    if (verb === 'call') return `call ${blocks.find(({ kind }) => kind === 'flow')?.flow ?? ''}`.trimEnd();
    if (verb === 'switch' && blocks.length === 0) return 'switch: no case is true';
    return verb;
  }

  #conditionOf(condition: TracedStep['condition']): string {
    if (!condition) return 'its condition is false';
    const values = condition.values
      .slice(0, MAX_CONDITION_VALUES)
      .map(({ path, value }) => `${path} is ${value === undefined ? 'absent' : shortJson(value, 60, this.options.mask)}`);
    return `${condition.source} is false${values.length === 0 ? '' : ` (${values.join(', ')})`}`;
  }

  /** Returns where the output of a call comes from. */
  #origin({ step, attempts }: TracedStep): string {
    if (attempts.length === 0) return '';
    if (this.options.live.has(step)) return ', really called';
    return this.options.mocked.has(step) ? ', of the mock' : ', without a mock';
  }

  #attempt(depth: number, { at, error }: TracedAttempt, number: number, count: number): void {
    if (error && (count > 1 || number > 1))
      this.add(depth + 1, `${paint.dim(inWords(at))} attempt ${number} failed: ${this.#errorText(error)}`);
  }

  #blocks(blocks: readonly TracedBlock[], depth: number): void {
    const shown = blocks
      .filter((block, index) => index < MAX_ITEMS || block.steps.some(({ state }) => state === 'failed'))
      .slice(0, 2 * MAX_ITEMS);
    for (const { kind, index, flow, steps } of shown) {
      if (steps.length === 0) continue;
      const names = {
        item: `item ${index}`,
        case: `case ${(index ?? 0) + 1}`,
        otherwise: 'otherwise',
        try: 'try',
        catch: 'catch',
        flow: `flow ${flow}`,
      };
      this.add(depth, kind === 'catch' ? paint.yellow(names.catch) : paint.dim(names[kind]));
      this.steps(steps, depth + 1);
    }
    const more = blocks.length - shown.length;
    if (more > 0) this.add(depth, paint.dim(`… ${counted(more, 'further item')} (--format json has all)`));
  }

  #value(depth: number, label: string, value: unknown): void {
    if (value === undefined) return;
    const [first = '', ...rest] = jsonLines(value, MAX_VALUE_LINES, this.options.mask);
    this.add(depth + 1, `${paint.dim(`${label}:`)} ${first}`);
    for (const line of rest) this.add(depth + 1, line);
  }

  #error(depth: number, error: ErrorView): void {
    this.add(depth + 1, `${paint.red('failed:')} ${this.#errorText(error)}`);
    if (error.details !== undefined) this.#value(depth, 'details', error.details);
  }

  #errorText({ code, fate, message }: ErrorView): string {
    return this.options.mask(`${code} (${fate}) ${message}`);
  }
}

/** Returns the parts of an event or a reply that its step has written. */
function contentOf({ input }: TracedStep): unknown {
  if (input === undefined) return undefined;
  const { status, subject, data } = input as { readonly status?: unknown; readonly subject?: unknown; readonly data?: unknown };
  return {
    ...(status !== undefined && { status }),
    ...(subject !== undefined && { subject }),
    ...(data !== undefined && { data }),
  };
}

function totalOf(output: unknown): number | undefined {
  return (output as { readonly total?: number } | undefined)?.total;
}

function endLines(
  { outcome, error, tookMs, passedMs, reply, events }: DryRunResult,
  mask: (text: string) => string,
): readonly string[] {
  const lines = [''];
  if (reply) lines.push(`reply: ${reply.status} ${shortJson(reply.data, 200, mask)}`);
  if (events.length > 0)
    lines.push(
      `${counted(events.length, 'event')} emitted: ${events
        .map(({ type }) => String(type))
        .join(', ')
        .slice(0, 300)}`,
    );
  const took = `, ${inWords(tookMs ?? passedMs)} of virtual time`;
  const isGood = outcome === 'done' || outcome === 'stopped' || outcome === 'caught';
  const text = outcome === 'filtered' ? 'not taken: trigger.where is false for this event' : `${outcome}${took}`;
  lines.push(isGood ? paint.green(text) : outcome === 'filtered' ? paint.yellow(text) : paint.red(text));
  if (error)
    lines.push(mask(`${error.code} (${error.fate})${error.step === undefined ? '' : ` in ${error.step}`}: ${error.message}`));
  return lines;
}
