import {
  fail,
  engineFail,
  isSluiceError,
  pause,
  SluiceError,
  type AnyAction,
  type AnyPlugin,
  type Call,
  type Clock,
  type Closable,
  type Log,
  type Services,
  type UsedCapabilities,
} from '@sluice/plugin-api';
import type { z } from 'zod';
import type { ConnectionSpec } from '@sluice/flow';
import { backoffMs, Semaphore } from '@sluice/runtime';
import { validate } from '../validate.js';
import { maskedError } from '../masked-error.js';
import { messageOf } from '../message-of.js';

/** Maximum concurrent calls per host into a connection without a pace and without a limit of its own. */
export const UNPACED_LIMIT = 16;

export interface ConnectionDeps {
  readonly log: Log;
  readonly clock: Clock;
  /** Masks secrets in a text. All errors of plugins pass through it. */
  readonly mask: (text: string) => string;
  readonly timezone?: string;
  /** A folder on this host for copies that plugins may lose. */
  readonly folder?: string;
  readonly services: (connection: string) => Services;
  /** Returns the capabilities that the plugin of a connection uses. Absent: no connection provides any. */
  readonly capabilities?: (user: CapabilityUser) => UsedCapabilities;
}

const UNAUTHORIZED = 'UNAUTHORIZED';
/** Minimum milliseconds between two checks of a connection after fatal errors of calls. */
const CHECK_AFTER_FATAL_MS = 10_000;
/** Bounds of the pause before a client is opened again. */
export const RECONNECT_BACKOFF = { firstMs: 500, maxMs: 30_000 };

/** A client whose plugin uses capabilities of other connections. */
export interface CapabilityUser {
  readonly connection: Connection;
  /** Fires when the client of the user closes. */
  readonly signal: AbortSignal;
  /** Closes the client of the user and opens another. */
  readonly lost: (reason: unknown) => void;
}

/** An action with its input. */
export interface ParsedAction {
  /** Plugin and action for error messages, such as `http.request`. */
  readonly name: string;
  readonly action: AnyAction<unknown>;
  /** The input as the schema of the action parsed it. */
  readonly input: unknown;
}

export interface ConnectionHealth {
  readonly connection: string;
  readonly plugin: string;
  /** `idle`: no call has needed the connection yet, or it was lost and the next call opens it again. */
  readonly state: 'idle' | 'in use' | 'failing';
  /** Reason why the connection cannot be used or opened, until the next success. It may contain addresses: for operators only. */
  readonly problem?: string;
}

/**
 * One connection of sluice.yaml: opens the plugin's client at the first call, opens a new one with backoff when it is lost, and runs
 * actions on it.
 */
export class Connection {
  #client: Promise<Closable> | undefined;
  #failures = 0;
  /** Monotonic time, in milliseconds, before which `client` rejects. */
  #notBefore = -Infinity;
  #openError: SluiceError | undefined;
  #fatal: string | undefined;
  #open = false;
  /** Monotonic time in milliseconds. */
  #checkAgainAt = -Infinity;
  readonly #closing = new AbortController();
  readonly #lost = new Set<(reason: unknown) => void>();
  /** Reasons why the remote system refuses sources of this connection, one per source. */
  readonly #refusedSources = new Map<symbol, string>();
  readonly #unpaced: Semaphore;
  #calls = 0;
  #lastCallEnded: (() => void) | undefined;

  /** @param opensAfter the client is opened once this has resolved, such as the end of the connection that had the same port */
  constructor(
    private current: ConnectionSpec,
    readonly plugin: AnyPlugin,
    private readonly deps: ConnectionDeps,
    private readonly opensAfter?: Promise<unknown>,
  ) {
    this.#unpaced = new Semaphore(plugin.maxCalls?.(current.config) ?? UNPACED_LIMIT);
  }

  get spec(): ConnectionSpec {
    return this.current;
  }

  /** Takes over another place and pace. The settings of the plugin must be the same. */
  adopt(spec: ConnectionSpec): void {
    this.current = spec;
  }

  /** The clock of the host. */
  get clock(): Clock {
    return this.deps.clock;
  }

  /** Rejects with the error of `open`: at once during the backoff, and always after `close`. */
  client(): Promise<Closable> {
    if (this.#closing.signal.aborted) return Promise.reject(asUnreachable(this.spec.name, this.#closing.signal.reason));
    if (this.#client) return this.#client;
    if (this.deps.clock.monotonic() < this.#notBefore) return Promise.reject(this.#openError ?? new Error('not open'));
    this.#client = this.#opened();
    return this.#client;
  }

  /** Returns the milliseconds that are left of the backoff. Until then `client` rejects at once. */
  backoffLeftMs(): number {
    return Math.max(0, this.#notBefore - this.deps.clock.monotonic());
  }

  /** Calls `back` once when the current client is lost. Returns the function that removes `back`. */
  onLost(back: (reason: unknown) => void): () => void {
    this.#lost.add(back);
    return () => this.#lost.delete(back);
  }

  /**
   * Runs an action with a parsed input and validates its output. The action is not run when the signal of the call has fired while the
   * client opened.
   *
   * @throws SluiceError, or the masked error of the plugin
   */
  async run({ action, name, input }: ParsedAction, call: Call): Promise<unknown> {
    this.#calls++;
    try {
      const client = await this.client();
      if (call.signal.aborted) throw notCalled(name, call.signal.reason);
      const output: unknown = await action.run(client, input, call);
      this.#fatal = undefined;
      return parseOutput(name, action, output);
    } catch (thrown) {
      const error = this.mask(thrown);
      if (isSluiceError(error) && error.fate === 'fatal') this.#onFatal(error);
      throw error;
    } finally {
      this.#calls--;
      if (this.#calls === 0) this.#lastCallEnded?.();
    }
  }

  /** Waits for one of the slots of a connection without a pace. Resolves with the function that frees it; rejects when the signal fires. */
  admit(signal: AbortSignal): Promise<() => void> {
    return this.#unpaced.take(signal);
  }

  /** Verifies that the remote system can be used. Rejects when it cannot. A plugin without a check is only opened. */
  async check(): Promise<void> {
    const client = await this.client();
    try {
      await this.plugin.check?.(client);
    } catch (error) {
      throw this.mask(error);
    }
    this.#fatal = undefined;
  }

  /** Verifies like `check`, and then the setup of the remote system. Resolves with the plugin's text about it, if it has one. */
  async diagnose(): Promise<string | undefined> {
    await this.check();
    try {
      return await this.plugin.diagnose?.(await this.client());
    } catch (error) {
      throw this.mask(error);
    }
  }

  /** Stores the reason why the remote system refuses a source, as part of the state of the connection; undefined: it does not refuse it. */
  setSourceRefusal(source: symbol, reason: string | undefined): void {
    if (reason === undefined) this.#refusedSources.delete(source);
    else this.#refusedSources.set(source, this.deps.mask(reason));
  }

  health(): ConnectionHealth {
    const [refusedSource] = this.#refusedSources.values();
    const problem = this.#fatal ?? (this.#failures > 0 ? messageOf(this.#openError) : refusedSource);
    const state = problem !== undefined ? 'failing' : this.#open ? 'in use' : 'idle';
    return { connection: this.spec.name, plugin: this.spec.plugin, state, ...(problem !== undefined && { problem }) };
  }

  /**
   * Closes the connection for good once its running calls have ended, at most `graceMs` milliseconds later. Clients that use its capabilities
   * are opened again.
   */
  async retire(graceMs: number): Promise<void> {
    const late = new AbortController();
    if (this.#calls > 0) {
      const ended = new Promise<void>((resolve) => (this.#lastCallEnded = resolve));
      await Promise.race([ended, pause(this.deps.clock, graceMs, late.signal)]);
      late.abort();
    }
    const reason = new Error(`connection ${this.spec.name} was changed or removed`);
    const users = [...this.#lost];
    this.#lost.clear();
    await this.close(reason);
    for (const back of users) back(reason);
  }

  /** Closes the connection for good. A client that is being opened is closed too, and no client is opened afterwards. */
  async close(reason: Error = new Error('the host stops')): Promise<void> {
    this.#closing.abort(reason);
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    this.#open = false;
    if (client) await this.#closed(client);
  }

  async #opened(): Promise<Closable> {
    const generation = new AbortController();
    const signal = AbortSignal.any([generation.signal, this.#closing.signal]);
    const lost = (reason: unknown) => {
      if (signal.aborted) return;
      generation.abort(reason);
      // a client that is lost before it is open fails to open
      if (this.#open) this.#forget(reason);
    };
    try {
      if (this.opensAfter) await this.opensAfter;
      const client = (await this.plugin.open(this.spec.config, {
        connection: this.spec.name,
        log: this.deps.log,
        signal,
        clock: this.deps.clock,
        now: () => new Date(this.deps.clock.now()),
        lost,
        services: this.#services(signal, lost),
        ...(this.deps.timezone !== undefined && { timezone: this.deps.timezone }),
        ...(this.deps.folder !== undefined && { folder: this.deps.folder }),
      })) as Closable;
      if (signal.aborted) {
        await this.#closed(client);
        throw signal.reason as unknown;
      }
      this.#failures = 0;
      this.#open = true;
      return client;
    } catch (thrown) {
      const error = this.mask(thrown);
      generation.abort(error);
      this.#client = undefined;
      this.#openError = isSluiceError(error) ? notSent(error) : asUnreachable(this.spec.name, error);
      this.#notBefore = this.deps.clock.monotonic() + backoffMs(RECONNECT_BACKOFF, this.#failures++);
      throw this.#openError;
    }
  }

  #services(signal: AbortSignal, lost: (reason: unknown) => void): Services {
    const services = this.deps.services(this.spec.name);
    if (!this.plugin.uses) return services;
    const used = this.deps.capabilities?.({ connection: this, signal, lost });
    // as a prototype, because some services exist only when a plugin reads them
    return Object.assign(Object.create(services) as Services, used);
  }

  /** Returns the error without secrets. */
  mask(error: unknown): unknown {
    return maskedError(error, this.deps.mask);
  }

  /**
   * Stores a fatal error as the state of the connection, unless the connection's own check succeeds: then the data of this one call caused
   * it. Not every check verifies the rights, so a refused user stays the state until the next call succeeds.
   */
  #onFatal(error: SluiceError): void {
    if (error.code === UNAUTHORIZED) this.#fatal = error.message;
    if (error.code === UNAUTHORIZED || !this.plugin.check || this.deps.clock.monotonic() < this.#checkAgainAt) return;
    this.#checkAgainAt = this.deps.clock.monotonic() + CHECK_AFTER_FATAL_MS;
    this.check().catch((failed: unknown) => {
      if (isSluiceError(failed) && failed.fate === 'fatal') this.#fatal = failed.message;
    });
  }

  #forget(reason: unknown): void {
    const client = this.#client;
    this.#client = undefined;
    this.#open = false;
    this.deps.log.warn(`${this.spec.name}: connection lost, opening another`, { reason: messageOf(reason) });
    void client?.then((one) => this.#closed(one));
    for (const back of [...this.#lost]) back(reason);
    this.#lost.clear();
  }

  async #closed(client: Closable): Promise<void> {
    try {
      await client.close();
    } catch (error) {
      this.deps.log.warn(`${this.spec.name}: closing failed`, { error: messageOf(error) });
    }
  }
}

/** Returns the error of a call that ended before its action began. It spends no attempt. */
function notCalled(name: string, reason: unknown): SluiceError {
  return fail.TIMED_OUT(`${name} was not called: ${messageOf(reason)}`, { cause: reason, sent: 'no', postponeMs: 0 });
}

function parseOutput(name: string, action: AnyAction<unknown>, output: unknown): unknown {
  const checked = validate(action.output as z.ZodType, output);
  const problems = checked.ok ? whyNotJson(checked.value) : checked.problems;
  if (checked.ok && problems === undefined) return checked.value;
  throw engineFail.OUTPUT_INVALID(`the output of ${name} does not fit its schema: ${problems}`, { sent: 'yes' });
}

/** Returns why a value cannot travel as JSON. An output is checked before it is used: a later failure would repeat the call. */
function whyNotJson(value: unknown): string | undefined {
  try {
    JSON.stringify(value);
    return undefined;
  } catch (error) {
    return `it cannot be written as JSON: ${messageOf(error)}`;
  }
}

/** Marks the error of a call without a client as not sent, whatever the error says about the login. */
function notSent(error: SluiceError): SluiceError {
  if (error.options.sent === 'no') return error;
  return new SluiceError(error.code, error.fate, error.message, error.cure, { ...error.options, sent: 'no' });
}

function asUnreachable(connection: string, error: unknown): SluiceError {
  return fail.UNREACHABLE(`${connection} cannot be opened: ${messageOf(error)}`, { cause: error, sent: 'no' });
}
