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

/** Maximum milliseconds for `mayRead` and `mayWrite`. */
export const MAX_RIGHTS_CHECK_MS = 5_000;
/** Maximum milliseconds for `receive`. */
export const MAX_RECEIVE_MS = 30_000;
/** Maximum checks of rights of one prefix at the same time on this host. */
const MAX_CONCURRENT_CHECKS = 100;
/** Maximum messages of one prefix that are handled at the same time on this host. */
export const MAX_CONCURRENT_RECEIVES = 500;
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
  readonly receives: Semaphore;
  /** Functions that end the running calls of the plugin. One listener of the signal calls all of them. */
  readonly ends: Set<() => void>;
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
      receives: new Semaphore(MAX_CONCURRENT_RECEIVES),
      ends: new Set(),
    };
    this.#registrations.set(prefix, signal.aborted ? undefined : registration);
    const end = () => {
      if (this.#registrations.get(prefix) === registration) this.#registrations.set(prefix, undefined);
      for (const endCall of registration.ends) endCall();
    };
    signal.addEventListener('abort', end, { once: true });
    // subscriptions of an earlier registration of this prefix continue if mayRead still allows them
    for (const name of this.#subscribers.names()) if (name.startsWith(prefix)) this.#recheckHere(name);
    return {
      publish: (path, event) => {
        const content = contentOf(event);
        const destination = destinationOf(prefix, path);
        if (!signal.aborted) this.deps.broadcast({ to: { destination }, content, spreadMs: 0 });
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

  /** Adds a subscription and resolves once the plugin has allowed it. Rejects when the plugin refuses it. */
  async subscribe(subscription: Subscription, destination: string): Promise<void> {
    const pending: PendingSubscribe = { destination, outdated: false };
    this.#pending.set(subscription, pending);
    try {
      for (let checks = 0; checks < MAX_CHECKS_PER_SUBSCRIBE; checks++) {
        pending.outdated = false;
        if (!(await this.#mayRead(subscription.session, destination)))
          throw gatewayFail.GATEWAY_DESTINATION_FORBIDDEN(`${shown(destination)} is not allowed for this user`);
        // the subscription has ended during the call of mayRead
        if (this.#pending.get(subscription) !== pending) return;
        if (!pending.outdated) return this.#subscribers.add(destination, subscription);
      }
      throw gatewayFail.GATEWAY_DESTINATION_FAILED(`the rights for ${shown(destination)} change too often`);
    } finally {
      this.#pending.delete(subscription);
    }
  }

  unsubscribe(subscription: Subscription, destination: string): void {
    this.#pending.delete(subscription);
    this.#subscribers.remove(destination, subscription);
  }

  /** Removes all subscriptions of a session that has closed. */
  removeSession(session: Session): void {
    for (const subscription of this.#pending.keys()) if (subscription.session === session) this.#pending.delete(subscription);
    this.#subscribers.removeSession(session);
  }

  /** Returns the subscriptions that receive messages of the destination: none while no plugin of this host can verify their rights. */
  subscribersOf(destination: string): readonly Subscription[] {
    return this.#find(destination)?.registration ? this.#subscribers.subscribersOf(destination) : [];
  }

  /** Passes a SEND frame to the plugin and resolves once the plugin has handled it. Rejects when the plugin refuses it. */
  async receive(session: Session, destination: string, message: SentMessage): Promise<void> {
    const { registration, path } = this.#active(destination);
    const { spec, receives } = registration;
    const client = clientOf(session);
    const allowed =
      spec.mayWrite !== undefined &&
      (await this.#check(registration, destination, async (signal) => spec.mayWrite?.(client, path, signal) ?? false));
    if (!allowed) throw gatewayFail.GATEWAY_DESTINATION_FORBIDDEN(`this user may not send to ${shown(destination)}`);
    const { data } = eventOf(message);
    const { headers, body } = message;
    await receives.run(() =>
      this.#bounded(registration, destination, MAX_RECEIVE_MS, async (signal) =>
        spec.receive?.({ client, path, headers, data, body }, signal),
      ),
    );
  }

  close(): void {
    this.#stopListening();
  }

  #mayRead(session: Session, destination: string): Promise<boolean> {
    const { registration, path } = this.#active(destination);
    const { spec } = registration;
    return this.#check(registration, destination, (signal) => spec.mayRead(clientOf(session), path, signal));
  }

  #check(
    registration: Registration,
    destination: string,
    check: (signal: AbortSignal) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    return registration.checks.run(async () => {
      // every value except `true` is a refusal
      return (await this.#bounded(registration, destination, MAX_RIGHTS_CHECK_MS, async (signal) => check(signal))) === true;
    });
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
    const isDecisive = () => !registration.signal.aborted && this.#newestChecks.get(subscription) === check;
    try {
      const allowed = await this.#mayRead(session, destination);
      if (!allowed && isDecisive()) this.#subscribers.remove(destination, subscription);
    } catch (error) {
      if (!isDecisive()) return;
      this.#subscribers.remove(destination, subscription);
      session.close(error as SluiceError);
    }
  }

  /** Runs a function of the plugin with a time limit. Rejects only with a SluiceError, also when the function throws another error. */
  async #bounded<Result>(
    registration: Registration,
    destination: string,
    maxMs: number,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    // the registration may have ended while this call waited for its turn
    if (registration.signal.aborted) throw away(destination);
    const bounds = new AbortController();
    const end = () => bounds.abort();
    const timer = this.deps.after(maxMs, end);
    registration.ends.add(end);
    try {
      return await raceAbort(work(bounds.signal), bounds.signal, () =>
        registration.signal.aborted
          ? away(destination)
          : gatewayFail.GATEWAY_DESTINATION_FAILED(`${shown(destination)} did not answer within ${maxMs / 1_000} s`),
      );
    } catch (error) {
      if (isSluiceError(error)) throw error;
      this.deps.log.error(`the plugin of ${destination} failed`, { error });
      throw gatewayFail.GATEWAY_DESTINATION_FAILED(`${shown(destination)} cannot be used now`);
    } finally {
      timer.cancel();
      registration.ends.delete(end);
    }
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

const MAX_SHOWN = 100;

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
