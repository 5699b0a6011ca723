import { localFilter, type EventFilter } from './filters.js';
import type { Packet } from './packet.js';
import type { EventSink } from './session.js';

/** A listener to events. Neither function may throw. */
export interface EventHandler {
  readonly hear: (packet: Packet) => void;
  /** Called when events were dropped between the last one and the next. */
  readonly missed?: () => void;
}

interface Listener extends ReturnType<typeof localFilter>, EventHandler {}

/** Passes each event to the listeners that want it. */
export class EventBoard implements EventSink {
  private readonly listeners = new Set<Listener>();
  /** Listeners by name of event. It is looked up for each event of a flood, most of which no listener wants. */
  private readonly byName = new Map<string, readonly Listener[]>();

  /** @param dropped called with the number of dropped events, each time */
  constructor(private readonly dropped: (count: number) => void) {}

  get empty(): boolean {
    return this.listeners.size === 0;
  }

  /** Adds a listener and returns the function that removes it. */
  add(wanted: EventFilter, handler: EventHandler): () => void {
    const listener = { ...localFilter(wanted), ...handler };
    this.listeners.add(listener);
    this.byName.clear();
    return () => {
      this.listeners.delete(listener);
      this.byName.clear();
    };
  }

  wants(name: string): boolean {
    return this.of(name).length > 0;
  }

  event(name: string, packet: Packet): void {
    for (const { fits, hear } of this.of(name)) if (fits(packet)) hear(packet);
  }

  missed(count: number): void {
    this.dropped(count);
    for (const { missed } of this.listeners) missed?.();
  }

  private of(name: string): readonly Listener[] {
    let found = this.byName.get(name);
    if (!found) {
      found = [...this.listeners].filter((listener) => listener.wants(name));
      this.byName.set(name, found);
    }
    return found;
  }
}
