import type { FlowTest, Scope, StepMock } from '@sluice/flow';
import { pause, SluiceError, type AnyAction, type AnyPlugin, type Call, type Clock } from '@sluice/plugin-api';
import { z } from 'zod';
import type { TestObserver } from './test-observer.js';

const CURE = 'this is the error of a mock';
/** The code of a mock that names a fate only. */
const CODES = {
  retry: 'TIMED_OUT',
  overload: 'OVERLOADED',
  unavailable: 'UNREACHABLE',
  rejected: 'REJECTED',
  fatal: 'NOT_FOUND',
} as const;

/** Answers the calls of one test by its mocks, and records them. Calls of other flows succeed with an empty map. */
export class Mocks {
  readonly #used = new Map<StepMock, number>();
  readonly #seen = new Set<string>();
  /** By client of a connection: the mock that makes its system unavailable until it is used up. */
  readonly #unavailable = new WeakMap<object, StepMock>();

  constructor(
    private readonly test: FlowTest,
    private readonly context: Scope['context'],
    private readonly clock: Clock,
    private readonly observer: TestObserver,
  ) {}

  /** Mocks that no call has used. */
  unused(): readonly StepMock[] {
    return [...this.test.mocks.values()].flat().filter((mock) => !this.#used.has(mock));
  }

  /** Returns the plugin with the same schemas, whose actions are answered by the mocks. It opens no connection. */
  plugin(plugin: AnyPlugin): AnyPlugin {
    const { check: _check, diagnose: _diagnose, provides: _provides, uses: _uses, module: _module, ...rest } = plugin;
    return {
      ...rest,
      serves: false,
      ...(plugin.check && { check: async (client: object) => this.#probe(client) }),
      open: async () => ({ close: async () => undefined }),
      triggers: Object.fromEntries(Object.entries(plugin.triggers).map(([name, trigger]) => [name, withoutSource(trigger)])),
      actions: Object.fromEntries(Object.entries(plugin.actions).map(([name, action]) => [name, this.#action(action)])),
    };
  }

  /**
   * Answers the call of a `call` step in place of the called flow.
   *
   * @returns the output of the first mock that matches; null without one
   * @throws the error of the mock
   */
  async callee(step: string, data: unknown): Promise<unknown> {
    const mock = await this.#take(step, data);
    return mock ? this.#answer(step, mock, new AbortController().signal) : null;
  }

  /** Throws while a mock makes the system of the client unavailable. Each probe uses the mock once. */
  #probe(client: object): void {
    const mock = this.#unavailable.get(client);
    if (!mock || this.#isUsedUp(mock)) return;
    this.#use(mock);
    throw new SluiceError(CODES.unavailable, 'unavailable', 'a mock makes the system unavailable', CURE, { sent: 'no' });
  }

  #use(mock: StepMock): void {
    this.#used.set(mock, (this.#used.get(mock) ?? 0) + 1);
  }

  #isUsedUp(mock: StepMock): boolean {
    return (this.#used.get(mock) ?? 0) >= (mock.times ?? Infinity);
  }

  #action(action: AnyAction<unknown>): AnyAction<unknown> {
    // lint has checked the outputs of mocks; without a mock the output is an empty map, whatever the schema is
    return { ...action, output: z.unknown(), run: async (client, input, call) => this.#call(client as object, input, call) };
  }

  async #call(client: object, parsed: unknown, { id, signal }: Call): Promise<unknown> {
    const [run = '', step = ''] = id.split('/');
    if (!this.observer.isOwn(run)) return {};
    const input = this.observer.inputOf(run, step) ?? parsed;
    // the attempts of one call are one call
    if (!this.#seen.has(id)) this.observer.call(step, input);
    this.#seen.add(id);
    const mock = await this.#take(step, input);
    if (!mock) return {};
    if (mock.answer.kind === 'error' && mock.answer.error.fate === 'unavailable') this.#unavailable.set(client, mock);
    else this.#unavailable.delete(client);
    return this.#answer(step, mock, signal);
  }

  async #answer(step: string, { afterMs, answer }: StepMock, signal: AbortSignal): Promise<unknown> {
    if (afterMs > 0) await pause(this.clock, afterMs, signal);
    signal.throwIfAborted();
    if (answer.kind === 'output') return answer.output;
    const { fate, code = CODES[fate], message = `the mock of ${step} fails with the fate ${fate}`, details } = answer.error;
    // a request that a mock refuses to take has not reached a remote system
    const sent = fate === 'retry' ? 'unknown' : fate === 'rejected' || fate === 'fatal' ? 'yes' : 'no';
    throw new SluiceError(code, fate, message, CURE, { sent, ...(details !== undefined && { details }) });
  }

  /** Returns the first mock that matches and is not used up, and counts its use. */
  async #take(step: string, input: unknown): Promise<StepMock | undefined> {
    const mock = await this.#find(step, input);
    if (mock) this.#use(mock);
    return mock;
  }

  async #find(step: string, input: unknown): Promise<StepMock | undefined> {
    const scope = { vars: {}, env: {}, context: this.context, with: input };
    for (const mock of this.test.mocks.get(step) ?? []) {
      if (this.#isUsedUp(mock)) continue;
      if (mock.when === undefined || (await mock.when.test(scope))) return mock;
    }
    return undefined;
  }
}

/** Returns the trigger without its source: the test delivers the event itself. */
function withoutSource(trigger: AnyPlugin['triggers'][string]): AnyPlugin['triggers'][string] {
  return 'listen' in trigger ? { ...trigger, listen: untilAborted(3) } : { ...trigger, subscribe: untilAborted(3) };
}

function untilAborted(at: number): (...args: readonly unknown[]) => Promise<void> {
  return (...args) =>
    new Promise((resolve) => (args[at] as AbortSignal).addEventListener('abort', () => resolve(), { once: true }));
}
