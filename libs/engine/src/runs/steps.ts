import { derivedId, engineFail, viewError, type ErrorView, type Reply } from '@sluice/plugin-api';
import type { EmitStep, Flow, OnError, ReplyStep, RetryPolicy, Settings, SwitchStep, UseStep } from '@sluice/flow';
import type { Connections } from '../calls/connections.js';
import { prepareCall, type PreparedCall, type RefusedCall } from '../calls/prepared-call.js';
import type { EventIngress } from '../ingress/event-ingress.js';
import { renderEmit, type EmitContent } from './emit-content.js';
import { emitCause, emittedEvent } from './emitted.js';
import { writeData } from './event-data.js';
import type { Hop } from './hop.js';
import { endWith, HOP_ENDS, type HopEnd } from './hop-end.js';
import { chain, isPromise, type MaybePromise } from '../maybe-promise.js';
import type { Observer } from '../observer.js';
import { queues } from '../ports/bus.js';
import type { Next, Node } from './program.js';
import { runMessage } from './run-codec.js';
import type { PendingCall } from './run-state.js';
import { isInfrastructureError, UnpacedCalls, type UnpacedCallsDeps } from '../calls/unpaced-calls.js';

/**
 * `onError` never hides mistakes of the flow itself: a typo would look like "unknown number" for months. It also does not hide a call that
 * was not made because another host, with another revision of the flow, does not have its step.
 */
const FLOW_MISTAKE = /^(EXPR_\w+|INPUT_INVALID|EVENT_TYPE|FLOW_CHANGED)$/;
const JSON_TYPE = 'application/json';

export interface StepsDeps extends UnpacedCallsDeps {
  readonly ingress: EventIngress;
  readonly connections: Connections;
  readonly settings: Settings;
  readonly observer: Observer;
}

/** The continuation of a hop after a step: the next step, the end of the flow, or the end of the hop. */
export type Onward = Next | HopEnd;

/** Executes the steps of one flow within a hop. */
export class Steps {
  readonly #calls: UnpacedCalls;

  constructor(
    private readonly flow: Flow,
    private readonly deps: StepsDeps,
  ) {
    this.#calls = new UnpacedCalls(flow, deps);
  }

  /** Runs steps until the hop ends. Returns a promise only when a step has to wait. */
  advance(hop: Hop, from: Onward): MaybePromise<HopEnd> {
    let at = from;
    while (at.kind === 'step') {
      const next = this.#guarded(hop, at, this.#step);
      if (isPromise(next)) return next.then((after) => this.advance(hop, after));
      at = next;
    }
    return at.kind === 'flow-end' ? HOP_ENDS.done : at;
  }

  /** Repeats the call of a `use` step with the input that was rendered before, by the plugin and the action that it was rendered for. */
  callAgain(hop: Hop, node: Node, call: PendingCall): MaybePromise<HopEnd> {
    const next = this.#guarded(hop, node, () => this.#callUnpaced(hop, node, call, prepareCall(this.deps.connections, call)));
    return chain(next, (after) => this.advance(hop, after));
  }

  /** Continues after a step that has no further attempt. */
  failed(hop: Hop, node: Node, error: ErrorView): MaybePromise<HopEnd> {
    return chain(
      this.#guarded(hop, node, () => this.#judge(hop, node, error)),
      (after) => this.advance(hop, after),
    );
  }

  /**
   * Turns an error of a step into the end of the run. Infrastructure errors of this host are rethrown, and the broker redelivers the
   * message.
   */
  #guarded(hop: Hop, node: Node, work: (hop: Hop, node: Node) => MaybePromise<Onward>): MaybePromise<Onward> {
    const caught = (error: unknown) => {
      if (this.deps.signal.aborted || isInfrastructureError(error)) throw error;
      return this.#end(viewError(error, { step: node.step.id }));
    };
    try {
      const next = work(hop, node);
      return isPromise(next) ? next.catch(caught) : next;
    } catch (error) {
      return caught(error);
    }
  }

  readonly #step = (hop: Hop, node: Node): MaybePromise<Onward> => {
    const { step } = node;
    hop.enter(step.id);
    if (hop.expired) return HOP_ENDS.expired;
    if (step.if === undefined) return this.#verb(hop, node);
    return chain(step.if.test(hop.scope), (yes) => (yes ? this.#verb(hop, node) : node.next));
  };

  #verb(hop: Hop, node: Node): MaybePromise<Onward> {
    const { step } = node;
    switch (step.verb) {
      case 'set':
        return chain(step.value.render(hop.scope), (value) => {
          hop.steps[step.id] = value;
          return node.next;
        });
      case 'switch':
        return this.#switch(hop, node.branches, step, 0);
      case 'emit':
        return this.#emit(hop, node, step);
      case 'reply':
        return this.#reply(hop, node, step);
      case 'stop':
        return HOP_ENDS.stopped;
      case 'use':
        return this.#use(hop, node, step);
      case 'forEach':
      case 'try':
      case 'call':
      case 'raise':
        throw engineFail.CONFIG_INVALID(`the verb ${step.verb} is not executed yet`);
    }
  }

  #switch(hop: Hop, branches: readonly Next[], step: SwitchStep, from: number): MaybePromise<Next> {
    for (let index = from; index < step.cases.length; index++) {
      const yes = step.cases[index]?.when.test(hop.scope);
      if (isPromise(yes))
        return yes.then((taken) => (taken ? branchOf(branches, index) : this.#switch(hop, branches, step, index + 1)));
      if (yes) return branchOf(branches, index);
    }
    return branchOf(branches, step.cases.length);
  }

  #emit(hop: Hop, node: Node, step: EmitStep): MaybePromise<Onward> {
    return chain(renderEmit(step, hop.scope), (content) => this.#emitted(hop, node, content));
  }

  #emitted(hop: Hop, node: Node, content: EmitContent): Next {
    const cause = emitCause(hop.event, this.flow.name, this.deps.settings.limits, this.deps.clock.now());
    const asItCame = content.datacontenttype === undefined ? hop.bodyOf(content.data) : undefined;
    const carried = asItCame
      ? { body: asItCame, datacontenttype: hop.event.datacontenttype ?? JSON_TYPE }
      : writeData(content.data, content.datacontenttype);
    const message = emittedEvent(cause, content, carried, derivedId(hop.run, node.step.id));
    const { id, type } = message.attributes;
    hop.outputs.push({ message });
    hop.steps[node.step.id] = { id, type };
    if (!this.deps.ingress.hasSubscriber(type)) this.deps.observer.unrouted(message.attributes);
    return node.next;
  }

  #reply(hop: Hop, node: Node, step: ReplyStep): MaybePromise<Onward> {
    const { scope } = hop;
    const values: readonly MaybePromise<unknown>[] = [
      step.status.render(scope),
      step.headers.render(scope),
      step.data?.render(scope),
    ];
    const reply = ([status, headers, data]: readonly unknown[]) => {
      hop.reply(checkedReply(status, headers, data));
      return node.next;
    };
    return values.some(isPromise) ? Promise.all(values).then(reply) : reply(values);
  }

  #use(hop: Hop, node: Node, step: UseStep): MaybePromise<Onward> {
    return chain(step.connection?.text(hop.scope), (connection) =>
      chain(step.with.render(hop.scope), (input): MaybePromise<Onward> => {
        const target = { plugin: step.plugin, action: step.action, ...(connection !== undefined && { connection }) };
        const prepared = prepareCall(this.deps.connections, { ...target, input });
        if (!prepared.ok) throw prepared.error;
        const call = this.#firstCall(hop, step, target, prepared, input);
        if (prepared.connection.spec.pace === undefined || prepared.action.paced === false)
          return this.#callUnpaced(hop, node, call, prepared);
        return this.#push(hop, step, call);
      }),
    );
  }

  #firstCall(
    hop: Hop,
    step: UseStep,
    target: Pick<PendingCall, 'plugin' | 'action' | 'connection'>,
    prepared: PreparedCall,
    input: unknown,
  ): PendingCall {
    const since = this.deps.clock.now();
    return {
      ...target,
      priority: step.priority,
      input,
      attempt: 1,
      waits: 0,
      policy: this.#policy(prepared),
      since,
      ...(step.timeoutMs !== undefined && { deadline: since + step.timeoutMs }),
      ...(hop.expiresAt !== undefined && { expiresAt: hop.expiresAt }),
    };
  }

  /** An action that cannot be repeated gets one attempt, unless the flow requests more. */
  #policy({ idempotent }: PreparedCall): RetryPolicy {
    const { retry, retryGiven } = this.flow.deliver;
    return !retryGiven && idempotent === 'no' ? { ...retry, attempts: 1 } : retry;
  }

  /**
   * Publishes the call for the owner of the connection. With a timeout it also publishes a durable timer; both messages contain the state.
   */
  #push(hop: Hop, step: UseStep, call: PendingCall): HopEnd {
    const connection = call.connection ?? call.plugin;
    const push = runMessage({ state: hop.state('push', { at: step.id, call }), body: hop.body }, this.deps.clock.now());
    hop.outputs.push({ queue: queues.push(connection, call.priority), message: push });
    hop.startTimer(step.id, call);
    hop.notable = true;
    return HOP_ENDS.suspended;
  }

  async #callUnpaced(hop: Hop, node: Node, call: PendingCall, prepared: PreparedCall | RefusedCall): Promise<Onward> {
    const { id } = node.step;
    const end = await this.#calls.make(hop, id, call, prepared);
    switch (end.kind) {
      case 'output':
        hop.steps[id] = end.output;
        return node.next;
      case 'failed':
        return this.#judge(hop, node, end.error);
      case 'suspended':
        return HOP_ENDS.suspended;
    }
  }

  /** Uses the output of the first matching `onError` entry; without one, the run ends here. */
  #judge(hop: Hop, node: Node, error: ErrorView): MaybePromise<Onward> {
    const { step } = node;
    if (step.verb !== 'use' || FLOW_MISTAKE.test(error.code)) return this.#end(error);
    return this.#onError(hop, node, step.onError, error);
  }

  #onError(hop: Hop, node: Node, entries: readonly OnError[], error: ErrorView): MaybePromise<Onward> {
    const [entry, ...rest] = entries;
    if (entry === undefined) return this.#end(error);
    hop.enter(node.step.id);
    const scope = { ...hop.scope, error };
    return chain(entry.when === undefined ? true : entry.when.test(scope), (yes): MaybePromise<Onward> => {
      if (!yes) return this.#onError(hop, node, rest, error);
      return chain(entry.output.render(scope), (output) => {
        hop.steps[node.step.id] = output;
        return node.next;
      });
    });
  }

  #end(error: ErrorView): HopEnd {
    return endWith(this.flow.deliver.onExhausted === 'park' || FLOW_MISTAKE.test(error.code) ? 'parked' : 'dropped', error);
  }
}

function branchOf(branches: readonly Next[], index: number): Next {
  const branch = branches[index];
  if (branch === undefined) throw new RangeError(`a switch has no branch ${index}`);
  return branch;
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
