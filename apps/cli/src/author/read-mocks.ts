import { stepsIn, type Flow, type Step, type StepMock } from '@sluice/flow';
import { parseDuration, type ErrorView } from '@sluice/plugin-api';
import { UsageError } from '../exit.js';
import { nameHint } from '../unknown-name.js';
import { readJson } from './read-event.js';

const FATES = ['retry', 'overload', 'unavailable', 'rejected', 'fatal'];
const KEYS = new Set(['output', 'error', 'times', 'after']);

/** Collects the values of a repeated option `--mock step=FILE|JSON`. */
export function readMockOption(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/**
 * Reads the mocks of the command line.
 *
 * A value is JSON or a file with JSON. An object whose only keys are `output`, `error`, `times` and `after`, with one of the first two, is a
 * mock as tests of flows have it; a list of such objects is a sequence. Everything else is the output itself.
 *
 * @throws UsageError for an unknown step or an invalid mock
 */
export async function readMocks(
  options: readonly string[],
  steps: readonly Pick<Step, 'id' | 'location'>[],
): Promise<ReadonlyMap<string, readonly StepMock[]>> {
  const found = new Map<string, readonly StepMock[]>();
  for (const option of options) {
    const [, id = '', value] = /^([^=]*)=([\s\S]*)$/.exec(option) ?? [];
    if (value === undefined) throw new UsageError(`--mock ${option}: write --mock step=FILE or --mock step=JSON`);
    const step = steps.find((one) => one.id === id);
    if (!step) throw unknownStep(`--mock ${id}`, id, steps);
    const given = await valueOf(value);
    const mocks = Array.isArray(given) && given.length > 0 && given.every(isMock) ? given : [given];
    found.set(id, [...(found.get(id) ?? []), ...mocks.map((one) => mockOf(one, id, step))]);
  }
  return found;
}

/** Returns the error for a step that calls nothing, or that the flow does not have. */
export function unknownStep(option: string, id: string, steps: readonly Pick<Step, 'id'>[]): UsageError {
  const names = steps.map((one) => one.id);
  return new UsageError(`${option}: no step "${id}" makes a call: ${nameHint(id, names, 'steps with a call')}`);
}

type CallingStep = Extract<Step, { readonly verb: 'use' | 'call' }>;

/** Returns the steps of a flow that make calls. */
export function callingSteps({ steps, catch: handler = [] }: Flow): readonly CallingStep[] {
  return [...stepsIn([...steps, ...handler])].filter((step) => step.verb === 'use' || step.verb === 'call');
}

async function valueOf(text: string): Promise<unknown> {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    if (/^\s*[[{"]/.test(text)) throw new UsageError(`--mock: this is not valid JSON: ${text.slice(0, 60)}`);
    return readJson(text);
  }
}

interface WrittenMock {
  readonly output?: unknown;
  readonly error?: string | (Partial<ErrorView> & object);
  readonly times?: unknown;
  readonly after?: unknown;
}

function isMock(value: unknown): value is WrittenMock {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.keys(value).every((key) => KEYS.has(key)) && ('output' in value || 'error' in value);
}

function mockOf(given: unknown, id: string, { location }: Pick<Step, 'location'>): StepMock {
  if (!isMock(given)) return { location, afterMs: 0, answer: { kind: 'output', output: given } };
  const { output, error, times, after } = given;
  const wrong = (what: string) => new UsageError(`--mock ${id}: ${what}`);
  if (times !== undefined && !(Number.isInteger(times) && Number(times) > 0))
    throw wrong('"times" must be a whole number of at least 1');
  const afterMs = after === undefined ? 0 : parseDuration(typeof after === 'string' ? after : '');
  if (afterMs === undefined) throw wrong('"after" must be a duration such as 2s');
  const common = { location, afterMs, ...(times !== undefined && { times: Number(times) }) };
  if (error === undefined) return { ...common, answer: { kind: 'output', output } };
  const { fate = 'rejected', ...rest } = typeof error === 'string' ? { fate: error } : error;
  if (!FATES.includes(fate)) throw wrong(`"error" must be a fate (${FATES.join(', ')}) or a map with "fate"`);
  return { ...common, answer: { kind: 'error', error: { ...rest, fate: fate as ErrorView['fate'] } } };
}
