import {
  isSluiceError,
  raceAbort,
  type DesktopClient,
  type DestinationSpec,
  type Log,
  type Peers,
  type RegisteredDestination,
  type SluiceError,
} from '@sluice/plugin-api';
import { Semaphore } from '@sluice/runtime';
import { gatewayFail } from '../../failures.js';
import { isName } from '../../names.js';
import type { SentMessage, Session, Subscription } from '../../server/stomp-handler.js';
import { contentOf } from '../dispatch/event-content.js';
import type { Broadcast } from '../dispatch/peer-messages.js';
import { eventOf } from './client-events.js';
import { SubscriptionTable } from './subscription-table.js';

/** Maximum milliseconds for `mayRead` and `mayWrite`, with the wait for a place among the calls of other sessions. */
export const MAX_RIGHTS_CHECK_MS = 5_000;
/** Maximum milliseconds for `receive`, with the wait for a place among the calls of other sessions. */
export const MAX_RECEIVE_MS = 30_000;
/** Maximum checks of rights of one prefix at the same time on this host. */
export const MAX_CONCURRENT_CHECKS = 100;
/** Maximum checks of rights of one session at the same time. Its further checks wait, so that they take no places of other sessions. */
export const MAX_SESSION_CHECKS = 5;
/** Maximum repeated checks of subscribers of one prefix at the same time. The other places remain for SUBSCRIBE and SEND. */
export const MAX_CONCURRENT_RECHECKS = 50;
/** Maximum messages of one prefix that are handled at the same time on this host. */
export const MAX_CONCURRENT_RECEIVES = 500;
/** Maximum messages of one session that are handled at the same time. */
export const MAX_SESSION_RECEIVES = 25;
/** Maximum calls of `mayRead` for one SUBSCRIBE, which are repeated when the rights change during the call. */
const MAX_CHECKS_PER_SUBSCRIBE = 3;

const MAX_PREFIX_LENGTH = 100;
const PREFIX = /^(\/[a-z][a-z0-9-]*)+\/$/;
/** First segments of the destinations of the gateway. */
const RESERVED = ['user', 'topic', 'events', 'flows', 'answers'];

interface Registration {
  readonly spec: DestinationSpec;
  /** Fires when the registration ends. */
  readonly signal: AbortSignal;
  readonly checks: Semaphore;
  readonly rechecks: Semaphore;
  readonly receives: Semaphore;
  /** Calls of the plugin that wait or run. One listener of the signal ends all of them. */
  readonly calls: Set<PluginCall>;
}

/** The calls of plugins for one session. */
interface SessionCalls {
  readonly checks: Semaphore;
  readonly receives: Semaphore;
  /** Calls that wait or run. They end with the session. */
  readonly calls: Set<PluginCall>;
}

/** A call of a plugin that waits or runs. */
interface PluginCall {
  /** The subscription whose rights are checked. The call ends with it. */
  readonly subscription: Subscription | undefined;
  /** False while the plugin handles a message: a client may send it and leave without waiting for the RECEIPT. */
  endsWithSession: boolean;
  readonly end: (reason: SluiceError) => void;
}

/** The client on whose behalf a plugin is called, and the destination. */
interface CallTarget {
  readonly registration: Registration;
  readonly destination: string;
  readonly session: Session;
  readonly subscription?: Subscription;
}

interface PendingSubscribe {
  readonly destination: string;
  /** The rights have changed since the call of `mayRead` began. */
  outdated: boolean;
}

export interface PluginDestinationsDeps {
  readonly broadcast: (broadcast: Broadcast) => void;
  readonly peers: Peers;
  readonly log: Log;
  readonly after: (ms: number, run: () => void) => { readonly cancel: () => void };
}

/** STOMP destinations that other plugins have registered, and the subscriptions to them. */
export class PluginDestinations {
  /** By prefix. Undefined after the end of a registration, while its plugin is being opened again. */
  readonly #registrations = new Map<string, Registration | undefined>();
  readonly #subscribers = new SubscriptionTable();
  readonly #pending = new Map<Subscription, PendingSubscribe>();
  /** The newest check of each subscription. An older check that ends later changes nothing. */
  readonly #newestChecks = new WeakMap<Subscription, object>();
  /** Only of sessions with a call that waits or runs. */
  readonly #sessions = new Map<Session, SessionCalls>();
  readonly #stopListening: () => void;

  constructor(private readonly deps: PluginDestinationsDeps) {
    this.#stopListening = deps.peers.listen('destinations', (body) => {
      const { recheck } = JSON.parse(body.toString()) as { readonly recheck: string };
      this.#recheckHere(recheck);
    });
  }

  register(spec: DestinationSpec, signal: AbortSignal): RegisteredDestination {
    const { prefix } = spec;
    this.#checkPrefix(prefix);
    if ((spec.mayWrite === undefined) !== (spec.receive === undefined))
      throw gatewayFail.GATEWAY_DESTINATION_TAKEN(`${prefix} needs both mayWrite and receive, or neither`);
    const registration: Registration = {
      spec,
      signal,
      checks: new Semaphore(MAX_CONCURRENT_CHECKS),
      rechecks: new Semaphore(MAX_CONCURRENT_RECHECKS),
      receives: new Semaphore(MAX_CONCURRENT_RECEIVES),
      calls: new Set(),
    };
    this.#registrations.set(prefix, signal.aborted ? undefined : registration);
    const end = () => {
      if (this.#registrations.get(prefix) === registration) this.#registrations.set(prefix, undefined);
      for (const call of registration.calls) call.end(away(prefix));
    };
    signal.addEventListener('abort', end, { once: true });
    // subscriptions of an earlier registration of this prefix continue if mayRead still allows them
    for (const name of this.#subscribers.names()) if (name.startsWith(prefix)) this.#recheckHere(name);
    return {
      publish: (to, event) => {
        const destinations = [to].flat().map((path) => destinationOf(prefix, path));
        const content = contentOf(event);
        if (signal.aborted) return;
        for (const destination of destinations) this.deps.broadcast({ to: { destination }, content, spreadMs: 0 });
      },
      recheck: (path) => {
        const destination = destinationOf(prefix, path);
        if (signal.aborted) return;
        this.#recheckHere(destination);
        this.deps.peers.broadcast('destinations', Buffer.from(JSON.stringify({ recheck: destination })));
      },
    };
  }

  /** Returns whether the destination has a prefix that a plugin of this host registers now or has registered earlier. */
  has(destination: string): boolean {
    return this.#find(destination) !== undefined;
  }

  /**
   * Adds a subscription and resolves once the plugin has allowed it, or when the subscription or its session ends before. Rejects when the
   * plugin refuses it.
   */
  async subscribe(subscription: Subscription, destination: string): Promise<void> {
    const pending: PendingSubscribe = { destination, outdated: false };
    this.#pending.set(subscription, pending);
    try {
      for (let checks = 0; checks < MAX_CHECKS_PER_SUBSCRIBE; checks++) {
        pending.outdated = false;
        const allowed = await this.#mayRead(subscription, destination);
        if (this.#pending.get(subscription) !== pending) return;
        if (!allowed) throw gatewayFail.GATEWAY_DESTINATION_FORBIDDEN(`${shown(destination)} is not allowed for this user`);
        if (!pending.outdated) return this.#subscribers.add(destination, subscription);
      }
      throw gatewayFail.GATEWAY_DESTINATION_FAILED(`the rights for ${shown(destination)} change too often`);
    } catch (error) {
      // the client has ended the subscription meanwhile, so the result of its check changes nothing
      if (this.#pending.get(subscription) !== pending) return;
      throw error;
    } finally {
      this.#pending.delete(subscription);
    }
  }

  unsubscribe(subscription: Subscription, destination: string): void {
    this.#pending.delete(subscription);
    this.#subscribers.remove(destination, subscription);
    for (const call of this.#sessions.get(subscription.session)?.calls ?? [])
      if (call.subscription === subscription) call.end(ended(destination));
  }

  /** Removes all subscriptions of a session that has closed, and ends calls of plugins for it, except those that handle a message. */
  removeSession(session: Session): void {
    for (const subscription of this.#pending.keys()) if (subscription.session === session) this.#pending.delete(subscription);
    this.#subscribers.removeSession(session);
    for (const call of this.#sessions.get(session)?.calls ?? []) if (call.endsWithSession) call.end(ended(session.bearer.user));
  }

  /** Returns the subscriptions that receive messages of the destination: none while no plugin of this host can verify their rights. */
  subscribersOf(destination: string): readonly Subscription[] {
    return this.#find(destination)?.registration ? this.#subscribers.subscribersOf(destination) : [];
  }

  /** Passes a SEND frame to the plugin and resolves once the plugin has handled it. Rejects when the plugin refuses it. */
  async receive(session: Session, destination: string, message: SentMessage): Promise<void> {
    const { registration, path } = this.#active(destination);
    const { spec } = registration;
    const client = clientOf(session);
    const target = { registration, destination, session };
    const allowed =
      spec.mayWrite !== undefined &&
      (await this.#check(target, async (signal) => (await spec.mayWrite?.(client, path, signal)) ?? false));
    if (!allowed) throw gatewayFail.GATEWAY_DESTINATION_FORBIDDEN(`this user may not send to ${shown(destination)}`);
    const { data } = eventOf(message);
    const { headers, body } = message;
    await this.#call(target, 'receives', MAX_RECEIVE_MS, async (signal) =>
      spec.receive?.({ client, path, headers, data, body }, signal),
    );
  }

  close(): void {
    this.#stopListening();
  }

  #mayRead(subscription: Subscription, destination: string): Promise<boolean> {
    const { session } = subscription;
    const { registration, path } = this.#active(destination);
    return this.#check({ registration, destination, session, subscription }, (signal) =>
      registration.spec.mayRead(clientOf(session), path, signal),
    );
  }

  async #check(target: CallTarget, check: (signal: AbortSignal) => boolean | Promise<boolean>): Promise<boolean> {
    // every value except `true` is a refusal
    return (await this.#call(target, 'checks', MAX_RIGHTS_CHECK_MS, async (signal) => check(signal))) === true;
  }

  /** Checks again the rights of the subscribers of a destination on this host. */
  #recheckHere(destination: string): void {
    for (const pending of this.#pending.values()) if (pending.destination === destination) pending.outdated = true;
    for (const subscription of this.#subscribers.subscribersOf(destination)) void this.#recheck(subscription, destination);
  }

  /**
   * Removes the subscription when the plugin refuses it. Ends the session when the plugin fails, so that the client connects again. Changes
   * nothing when the registration has ended or ends during the check, because the next registration checks all subscriptions.
   */
  async #recheck(subscription: Subscription, destination: string): Promise<void> {
    const registration = this.#find(destination)?.registration;
    if (!registration) return;
    const { session } = subscription;
    const check = {};
    this.#newestChecks.set(subscription, check);
    const isDecisive = () =>
      !registration.signal.aborted &&
      this.#newestChecks.get(subscription) === check &&
      this.#subscribers.has(destination, subscription);
    try {
      const allowed = await registration.rechecks.run(
        async () => isDecisive() && (await this.#mayRead(subscription, destination)),
      );
      if (!allowed && isDecisive()) this.#subscribers.remove(destination, subscription);
    } catch (error) {
      if (!isDecisive()) return;
      this.#subscribers.remove(destination, subscription);
      session.close(error as SluiceError);
    }
  }

  /**
   * Calls a function of the plugin. First the call waits for a place among those of its session, then, within `maxMs`, for a place among
   * those of its prefix and for the function. It ends with the registration, the session and the subscription. Rejects only with a
   * SluiceError, also when the function throws another error.
   */
  async #call<Result>(
    { registration, destination, session, subscription }: CallTarget,
    kind: 'checks' | 'receives',
    maxMs: number,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    // the registration may have ended since it was looked up
    if (registration.signal.aborted) throw away(destination);
    const own = this.#callsOf(session);
    const bounds = new AbortController();
    const { signal } = bounds;
    const reason = () => signal.reason as SluiceError;
    const call: PluginCall = { subscription, endsWithSession: true, end: (error) => bounds.abort(error) };
    own.calls.add(call);
    registration.calls.add(call);
    const callWithin = async (): Promise<Result> => {
      const late = () =>
        call.end(gatewayFail.GATEWAY_DESTINATION_FAILED(`${shown(destination)} did not answer within ${maxMs / 1_000} s`));
      const timer = this.deps.after(maxMs, late);
      try {
        return await registration[kind].run(async () => {
          signal.throwIfAborted();
          call.endsWithSession = kind === 'checks';
          return raceAbort(work(signal), signal, reason);
        }, signal);
      } finally {
        timer.cancel();
      }
    };
    try {
      return await own[kind].run(callWithin, signal);
    } catch (error) {
      if (isSluiceError(error)) throw error;
      this.deps.log.error(`the plugin of ${destination} failed`, { error });
      throw gatewayFail.GATEWAY_DESTINATION_FAILED(`${shown(destination)} cannot be used now`);
    } finally {
      own.calls.delete(call);
      registration.calls.delete(call);
      if (own.calls.size === 0) this.#sessions.delete(session);
    }
  }

  #callsOf(session: Session): SessionCalls {
    const known = this.#sessions.get(session);
    if (known) return known;
    const calls: SessionCalls = {
      checks: new Semaphore(MAX_SESSION_CHECKS),
      receives: new Semaphore(MAX_SESSION_RECEIVES),
      calls: new Set(),
    };
    this.#sessions.set(session, calls);
    return calls;
  }

  /** Throws `GATEWAY_DESTINATION_AWAY` while the plugin is being opened again. */
  #active(destination: string): { readonly registration: Registration; readonly path: string } {
    const found = this.#find(destination);
    if (!found?.registration) throw away(destination);
    return { registration: found.registration, path: found.path };
  }

  /** Prefers an active registration: the prefix of an ended one may overlap with it. */
  #find(destination: string): { readonly registration: Registration | undefined; readonly path: string } | undefined {
    let ended: { readonly registration: undefined; readonly path: string } | undefined;
    for (const [prefix, registration] of this.#registrations) {
      if (!destination.startsWith(prefix)) continue;
      const path = destination.slice(prefix.length);
      if (!isName(path)) continue;
      if (registration) return { registration, path };
      ended = { registration, path };
    }
    return ended;
  }

  #checkPrefix(prefix: string): void {
    if (prefix.length > MAX_PREFIX_LENGTH || !PREFIX.test(prefix))
      throw gatewayFail.GATEWAY_DESTINATION_TAKEN(`${shown(prefix)} is not a prefix such as /conversations/`);
    if (RESERVED.includes(prefix.split('/')[1] ?? ''))
      throw gatewayFail.GATEWAY_DESTINATION_TAKEN(`${prefix} is reserved for the gateway`);
    for (const [other, registration] of this.#registrations) {
      if (!registration || !(other.startsWith(prefix) || prefix.startsWith(other))) continue;
      throw gatewayFail.GATEWAY_DESTINATION_TAKEN(`${prefix} overlaps with ${other}, which is registered already`);
    }
  }
}

function clientOf({ bearer, workplace }: Session): DesktopClient {
  return { bearer, ...(workplace !== undefined && { workplace }) };
}

/** Throws `GATEWAY_EVENT` when the path is not valid. */
function destinationOf(prefix: string, path: string): string {
  if (isName(path)) return prefix + path;
  throw gatewayFail.GATEWAY_EVENT(`${shown(path)} is not the path of a destination`);
}

function away(destination: string): SluiceError {
  return gatewayFail.GATEWAY_DESTINATION_AWAY(`the plugin of ${shown(destination)} is not open now`);
}

/** The reason of a call that ends with its subscription or session. No client sees it. */
function ended(of: string): SluiceError {
  return gatewayFail.GATEWAY_DESTINATION_AWAY(`the client of ${shown(of)} has left`);
}

const MAX_SHOWN = 100;

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
