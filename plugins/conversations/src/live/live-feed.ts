import { newEventId, type RegisteredDestination } from '@sluice/plugin-api';
import type { LiveEvents } from '../contract.js';

/** Sends live events to the feeds of people: `/conversations/<connection>/people/<id>`. */
export class LiveFeed {
  readonly #prefix: string;
  #registered: RegisteredDestination | undefined;

  constructor(connection: string) {
    this.#prefix = prefixOf(connection);
  }

  /** The registration over which the events are sent. Without it no event is sent: nobody can have subscribed before. */
  use(registered: RegisteredDestination): void {
    this.#registered = registered;
  }

  /** Returns the STOMP destination of the live events of a person. */
  destinationOf(person: string): string {
    return this.#prefix + feedPath(person);
  }

  /** Sends an event to the people, on all hosts. Guarantee: at most once. */
  publish<Event extends keyof LiveEvents>(people: readonly string[], event: Event, data: LiveEvents[Event]): void {
    if (people.length > 0) this.#registered?.publish(people.map(feedPath), { id: newEventId(), event, data });
  }

  /** Checks again whether the clients of a person may receive its events. */
  recheck(person: string): void {
    this.#registered?.recheck(feedPath(person));
  }
}

/** Returns the prefix of the destinations of a connection. */
export function prefixOf(connection: string): string {
  return `/conversations/${connection}/`;
}

/** Returns the destination of a person's feed, without the prefix. */
export function feedPath(person: string): string {
  return `people/${person}`;
}
