import { localFilter, type EventFilter } from './filters.js';
import type { Packet } from './packet.js';
import type { EventSink } from './session.js';

/** Somebody who listens. Neither function may throw. */
export interface EventHandler {
  readonly hear: (packet: Packet) => void;
  /** Events were left out between the last one and the next. */
  readonly missed?: () => void;
}

interface Listener extends ReturnType<typeof localFilter>, EventHandler {}

/** Hands each event to those who want it. */
export class EventBoard implements EventSink {
  private readonly listeners = new Set<Listener>();
  /** By name: who wants it. A flood is mostly of events that nobody wants, and asks this for each. */
  private readonly byName = new Map<string, readonly Listener[]>();

  /** `leftOut` is told how many events were, each time. */
  constructor(private readonly leftOut: (count: number) => void) {}

  get empty(): boolean {
    return this.listeners.size === 0;
  }

  /** Gives the function that ends it. */
  add(wanted: EventFilter, ear: EventHandler): () => void {
    const listener = { ...localFilter(wanted), ...ear };
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
    this.leftOut(count);
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
