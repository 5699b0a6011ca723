import {
  derivedId,
  engineFail,
  isSluiceError,
  viewError,
  type AnyAction,
  type AnyPlugin,
  type ErrorView,
  type Idempotence,
  type Log,
  type NewEvent,
  type Reply,
} from '@sluice/plugin-api';
import type { z } from 'zod';
import type { EmitStep, Flow, OnError, ReplyStep, RetryPolicy, Settings, SwitchStep, UseStep } from '@sluice/flow';
import { abortAt } from './abort-at.js';
import { checkedBy } from './checked-by.js';
import { parseInput, type Connection, type Connections } from './connections.js';
import type { Door } from './door.js';
import { emittedByCall, emittedEvent, type EmitCause, type EmittedAttributes } from './emitted.js';
import { writeData } from './event-data.js';
import type { Hop } from './hop.js';
import { pause } from './lease.js';
import { chain, isPromise, type Maybe } from './maybe-promise.js';
import type { Observer } from './observer.js';
import { queues, type Bus, type Outgoing } from './ports/bus.js';
import type { Node } from './program.js';
import { againMs, decideRetry, stepTimeout } from './retry.js';
import { encodeRun, runMessage, type PendingCall } from './run-state.js';

/** Mistakes of the flow itself are never hidden by `onError`: a typo would look like "unknown number" for months. */
const FLOW_MISTAKE = /^(EXPR_\w+|INPUT_INVALID|EVENT_TYPE)$/;
const NEVER = new Date(8.64e15);
const JSON_TYPE = 'application/json';
/** The broker is away: how long to wait before the next try. */
const AWAY_PAUSE_MS = 1_000;

export interface StepsDeps {
  readonly bus: Bus;
  readonly door: Door;
  readonly connections: Connections;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly settings: Settings;
  readonly observer: Observer;
  readonly log: Log;
  /** Fires when the host has to stop at once: unpaced calls are aborted. */
  readonly signal: AbortSignal;
}

/** Executes the steps of one flow within a hop. */
export class Steps {
  constructor(
    private readonly flow: Flow,
    private readonly deps: StepsDeps,
  ) {}

  /** Runs from `node` on until the hop has an end. Gives a promise only when something has to be waited for. */
  advance(hop: Hop, node: Node | undefined): Maybe<void> {
    let at = node;
    while (at !== undefined && hop.end === undefined) {
      const next = this.#guarded(hop, at, this.#step);
      if (isPromise(next)) return next.then((after) => this.advance(hop, after));
      at = next;
    }
    if (hop.end === undefined) hop.stop('done');
  }

  /** Makes the call of a `use` step again, with the input rendered before. */
  callAgain(hop: Hop, node: Node, call: PendingCall): Maybe<void> {
    const next = this.#guarded(hop, node, () => this.#callUnpaced(hop, node, node.step as UseStep, call));
    return chain(next, (after) => this.advance(hop, after));
  }

  /** Goes on after a step that has failed for good. */
  failed(hop: Hop, node: Node, error: ErrorView): Maybe<void> {
    return chain(
      this.#guarded(hop, node, () => this.#judge(hop, node, error)),
      (after) => this.advance(hop, after),
    );
  }

  /** Whatever a step throws becomes the end of the run; only what is wrong with this host is thrown on, and the message comes again. */
  #guarded(hop: Hop, node: Node, work: (hop: Hop, node: Node) => Maybe<Node | undefined>): Maybe<Node | undefined> {
    const caught = (error: unknown) => {
      if (this.deps.signal.aborted || isAboutUs(error)) throw error;
      return this.#end(hop, viewError(error, { step: node.step.id }));
    };
    try {
      const next = work(hop, node);
      return isPromise(next) ? next.catch(caught) : next;
    } catch (error) {
      return caught(error);
    }
  }

  readonly #step = (hop: Hop, node: Node): Maybe<Node | undefined> => {
    const { step } = node;
    hop.enter(step.id);
    if (hop.expired) {
      hop.stop('expired');
      return undefined;
    }
    if (step.if === undefined) return this.#verb(hop, node);
    return chain(step.if.test(hop.scope), (yes) => (yes ? this.#verb(hop, node) : node.next));
  };

  #verb(hop: Hop, node: Node): Maybe<Node | undefined> {
    const { step } = node;
    switch (step.verb) {
      case 'set':
        return chain(step.value.render(hop.scope), (value) => {
          hop.steps[step.id] = value;
          return node.next;
        });
      case 'switch':
        return this.#switch(hop, node, step, 0);
      case 'emit':
        return this.#emit(hop, node, step);
      case 'reply':
        return this.#reply(hop, node, step);
      case 'stop':
        hop.stop('stopped');
        return undefined;
      case 'use':
        return this.#use(hop, node, step);
    }
  }

  #switch(hop: Hop, node: Node, step: SwitchStep, from: number): Maybe<Node | undefined> {
    for (let index = from; index < step.cases.length; index++) {
      const yes = step.cases[index]?.when.test(hop.scope);
      if (isPromise(yes)) return yes.then((taken) => (taken ? node.branches[index] : this.#switch(hop, node, step, index + 1)));
      if (yes) return node.branches[index];
    }
    return node.branches[step.cases.length];
  }

  #emit(hop: Hop, node: Node, step: EmitStep): Maybe<Node | undefined> {
    const { scope } = hop;
    const rendered = {
      type: step.type.text(scope),
      data: step.data?.render(scope),
      subject: step.subject?.text(scope),
      correlationid: step.correlationid?.text(scope),
      partitionkey: step.partitionkey?.text(scope),
      datacontenttype: step.datacontenttype?.text(scope),
    };
    if (isSettled(rendered)) return this.#emitted(hop, node, rendered);
    return settled(rendered).then((content) => this.#emitted(hop, node, content));
  }

  #emitted(hop: Hop, node: Node, content: EmitContent): Node | undefined {
    const asItCame = content.datacontenttype === undefined ? hop.bodyOf(content.data) : undefined;
    const carried = asItCame
      ? { body: asItCame, datacontenttype: hop.event.datacontenttype ?? JSON_TYPE }
      : writeData(content.data, content.datacontenttype);
    const message = emittedEvent(this.#cause(hop), content, carried, derivedId(hop.run, node.step.id));
    const { id, type } = message.attributes;
    hop.outputs.push({ message });
    hop.steps[node.step.id] = { id, type };
    if (!this.deps.door.isTaken(type)) this.deps.observer.unrouted(message.attributes);
    return node.next;
  }

  #cause(hop: Hop): EmitCause {
    const { limits } = this.deps.settings;
    return { event: hop.event, flow: this.flow.name, hopsLimit: limits.hops, bytesLimit: limits.eventBytes };
  }

  #reply(hop: Hop, node: Node, step: ReplyStep): Maybe<Node | undefined> {
    const { scope } = hop;
    const values: readonly Maybe<unknown>[] = [step.status.render(scope), step.headers.render(scope), step.data?.render(scope)];
    const reply = ([status, headers, data]: readonly unknown[]) => {
      hop.reply(checkedReply(status, headers, data));
      return node.next;
    };
    return values.some(isPromise) ? Promise.all(values).then(reply) : reply(values);
  }

  #use(hop: Hop, node: Node, step: UseStep): Maybe<Node | undefined> {
    return chain(step.with.render(hop.scope), (input) => {
      const action = this.#action(step);
      parseInput(step.plugin, step.action, action, input);
      const connection = this.deps.connections.get(step.plugin, step.connection);
      const call = this.#firstCall(hop, step, action, input);
      if (connection.spec.pace === undefined || action.paced === false) return this.#callUnpaced(hop, node, step, call);
      this.#push(hop, step, call);
      return undefined;
    });
  }

  #firstCall(hop: Hop, step: UseStep, action: AnyAction<unknown>, input: unknown): PendingCall {
    const since = Date.now();
    return {
      plugin: step.plugin,
      action: step.action,
      priority: step.priority,
      input,
      attempt: 1,
      waits: 0,
      policy: this.#policy(action, input),
      since,
      ...(step.connection !== undefined && { connection: step.connection }),
      ...(step.timeoutMs !== undefined && { deadline: since + step.timeoutMs }),
      ...(hop.expiresAt !== undefined && { expiresAt: hop.expiresAt }),
    };
  }

  /** An action that cannot be repeated is tried once, unless the flow asks for more. */
  #policy(action: AnyAction<unknown>, input: unknown): RetryPolicy {
    const { retry, retryGiven } = this.flow.deliver;
    return !retryGiven && idempotenceOf(action, input) === 'no' ? { ...retry, attempts: 1 } : retry;
  }

  /** Hands the call to the owner of the connection; with a timeout, a durable timer goes beside it and both carry the state. */
  #push(hop: Hop, step: UseStep, call: PendingCall): void {
    const connection = call.connection ?? call.plugin;
    const push = runMessage({ state: hop.state('push', { at: step.id, call }), body: hop.body });
    hop.outputs.push({ queue: queues.push(connection, call.priority), message: push });
    if (call.deadline !== undefined) hop.outputs.push(this.#timer(hop, step, call, call.deadline));
    hop.suspend();
  }

  /** Tries until the broker has confirmed: handing the hop back instead would count as if it had killed its host. */
  async #published(outputs: readonly Outgoing[]): Promise<void> {
    for (;;) {
      try {
        return await this.deps.bus.publish(outputs);
      } catch (error) {
        if (this.deps.signal.aborted || !isAboutUs(error)) throw error;
        await pause(AWAY_PAUSE_MS, this.deps.signal);
      }
    }
  }

  async #callUnpaced(hop: Hop, node: Node, step: UseStep, call: PendingCall): Promise<Node | undefined> {
    hop.notable = true;
    hop.enter(step.id);
    // what earlier steps emitted must not wait for a call that may be slow
    const early = hop.outputs.length;
    if (early > 0) await this.#published(hop.outputs.slice());
    hop.outputs.splice(0, early);
    const action = this.#action(step);
    const connection = this.deps.connections.get(step.plugin, step.connection);
    const where = `${step.plugin}.${step.action}`;
    if (call.deadline !== undefined && Date.now() >= call.deadline) return this.#judge(hop, node, this.#timedOut(step, call));
    const outcome = await this.#callOnce(hop, step, action, connection, call);
    if (outcome.ok && outcome.suspended) return this.#awaitResume(hop, step, call);
    if (outcome.ok) {
      hop.steps[step.id] = outcome.output;
      return node.next;
    }
    const verdict = decideRetry(outcome.error, {
      attempt: call.attempt,
      attempts: call.policy.attempts,
      idempotent: idempotenceOf(action, call.input),
      spares: false,
      where,
    });
    if (this.deps.signal.aborted) throw outcome.error;
    const wait = againMs(outcome.error, call, outcome.ms);
    const late = verdict.kind === 'again' && call.deadline !== undefined && Date.now() + wait >= call.deadline;
    if (outcome.timedOut || late) return this.#judge(hop, node, this.#timedOut(step, call, outcome.error));
    if (verdict.kind === 'again') return this.#later(hop, step, call, wait);
    const error = verdict.kind === 'failed' ? verdict.error : outcome.error;
    return this.#judge(hop, node, viewError(error, whereOf(step, call)));
  }

  async #callOnce(
    hop: Hop,
    step: UseStep,
    action: AnyAction<unknown>,
    connection: Connection,
    call: PendingCall,
  ): Promise<{ ok: true; output: unknown; suspended: boolean } | { ok: false; error: unknown; ms: number; timedOut: boolean }> {
    let suspended = false;
    const timeout = call.deadline === undefined ? undefined : abortAt(call.deadline);
    const began = Date.now();
    const report = (error?: ErrorView) =>
      this.deps.observer.called({
        flow: this.flow.name,
        step: step.id,
        plugin: step.plugin,
        action: step.action,
        input: call.input,
        attempt: call.attempt,
        ms: Date.now() - began,
        waitedMs: began - call.since,
        inFlight: 1,
        limit: Number.POSITIVE_INFINITY,
        ...(step.connection !== undefined && { connection: step.connection }),
        ...(error && { error }),
      });
    const emitted: (NewEvent & { readonly type: string })[] = [];
    try {
      const output = await connection.runUnpaced(action, step.action, call.input, {
        id: `${hop.run}/${step.id}`,
        attempt: call.attempt,
        deadline: call.deadline === undefined ? NEVER : new Date(call.deadline),
        signal: timeout ? AbortSignal.any([timeout, this.deps.signal]) : this.deps.signal,
        log: this.deps.log,
        correlationid: hop.event.correlationid ?? hop.event.id,
        emit: (event) => void emitted.push(event),
        suspend: () => {
          suspended = true;
          return encodeRun({ state: hop.state('result', { at: step.id, call: { ...call, input: null } }), body: hop.body });
        },
      });
      hop.outputs.push(...emittedByCall(this.#cause(hop), hop.run, step.id, emitted));
      report();
      return { ok: true, output, suspended };
    } catch (error) {
      report(viewError(error, whereOf(step, call)));
      return { ok: false, error, ms: Date.now() - began, timedOut: timeout?.aborted === true };
    }
  }

  /** The token that the action keeps is the run's state: nothing of it is held here but, with a timeout, the timer. */
  #awaitResume(hop: Hop, step: UseStep, call: PendingCall): undefined {
    if (call.deadline !== undefined) hop.outputs.push(this.#timer(hop, step, call, call.deadline));
    hop.suspend();
    return undefined;
  }

  #timer(hop: Hop, step: UseStep, call: PendingCall, deadline: number): Outgoing {
    const message = runMessage({ state: hop.state('timer', { at: step.id, call }), body: hop.body });
    return { queue: queues.next(this.flow.name), message, notBefore: deadline };
  }

  /** The same call again after a durable delay. */
  #later(hop: Hop, step: UseStep, call: PendingCall, ms: number): undefined {
    const state = hop.state('retry', { at: step.id, call: { ...call, attempt: call.attempt + 1 } });
    hop.outputs.push({
      queue: queues.next(this.flow.name),
      message: runMessage({ state, body: hop.body }),
      notBefore: Date.now() + ms,
    });
    hop.suspend();
    return undefined;
  }

  #timedOut(step: UseStep, call: PendingCall, cause?: unknown): ErrorView {
    return viewError(stepTimeout(step.id, call, cause), whereOf(step, call));
  }

  /** The first `onError` entry that fits gives the step's output; otherwise the run ends here. */
  #judge(hop: Hop, node: Node, error: ErrorView): Maybe<Node | undefined> {
    const { step } = node;
    if (step.verb !== 'use' || FLOW_MISTAKE.test(error.code)) return this.#end(hop, error);
    return this.#onError(hop, node, step.onError, error);
  }

  #onError(hop: Hop, node: Node, entries: readonly OnError[], error: ErrorView): Maybe<Node | undefined> {
    const [entry, ...rest] = entries;
    if (entry === undefined) return this.#end(hop, error);
    hop.enter(node.step.id);
    const scope = { ...hop.scope, error };
    return chain(entry.when === undefined ? true : entry.when.test(scope), (yes): Maybe<Node | undefined> => {
      if (!yes) return this.#onError(hop, node, rest, error);
      return chain(entry.output.render(scope), (output) => {
        hop.steps[node.step.id] = output;
        return node.next;
      });
    });
  }

  #end(hop: Hop, error: ErrorView): undefined {
    hop.stop(this.flow.deliver.onExhausted === 'park' || FLOW_MISTAKE.test(error.code) ? 'parked' : 'dropped', error);
    return undefined;
  }

  #action(step: UseStep): AnyAction<unknown> {
    const action = this.deps.plugins.get(step.plugin)?.actions[step.action];
    if (!action) throw engineFail.CONFIG_INVALID(`there is no action ${step.plugin}.${step.action}`);
    return action as AnyAction<unknown>;
  }
}

export function idempotenceOf(action: AnyAction<unknown>, input: unknown): Idempotence {
  if (typeof action.idempotent !== 'function') return action.idempotent;
  const checked = checkedBy(action.input as z.ZodType, input);
  return checked.ok ? (action.idempotent as (input: unknown) => Idempotence)(checked.value) : 'no';
}

/** What an `emit` step says, with all its expressions evaluated. */
interface EmitContent extends EmittedAttributes {
  readonly data: unknown;
  readonly datacontenttype: string | undefined;
}

/** The same while some expressions may still be with the library. */
type Rendered = { readonly [Key in keyof EmitContent]: Maybe<EmitContent[Key]> };

function isSettled(rendered: Rendered): rendered is EmitContent {
  const { type, data, subject, correlationid, partitionkey, datacontenttype } = rendered;
  return !(
    isPromise(type) ||
    isPromise(data) ||
    isPromise(subject) ||
    isPromise(correlationid) ||
    isPromise(partitionkey) ||
    isPromise(datacontenttype)
  );
}

/** All at once: a rejection of one must not come while another is awaited. */
async function settled(rendered: Rendered): Promise<EmitContent> {
  const entries = await Promise.all(Object.entries(rendered).map(async ([key, value]) => [key, await value] as const));
  return Object.fromEntries(entries) as unknown as EmitContent;
}

function whereOf(step: UseStep, call: PendingCall): { step: string; connection?: string; attempt: number } {
  return { step: step.id, attempt: call.attempt, ...(step.connection !== undefined && { connection: step.connection }) };
}

/** The broker or the database is away: not the run's fault. */
export function isAboutUs(error: unknown): boolean {
  return isSluiceError(error) && (error.code === 'BUS_UNAVAILABLE' || error.code === 'STORE_UNAVAILABLE');
}

function checkedReply(status: unknown, headers: unknown, data: unknown): Reply {
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw engineFail.INPUT_INVALID(`the status of a reply is a whole number from 200 to 599, not ${JSON.stringify(status)}`);
  }
  const texts = Object.entries((headers ?? {}) as Record<string, unknown>).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ]);
  return { status, headers: Object.fromEntries(texts) as Record<string, string>, ...(data !== undefined && { data }) };
}
