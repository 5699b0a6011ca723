import { localFilter, type Wanted } from './filters.js';
import type { Packet } from './packet.js';
import type { EventSink } from './session.js';

/** Called between two reads of the socket: it must be quick and must not throw. */
export type Hear = (packet: Packet) => void;

interface Listener extends ReturnType<typeof localFilter> {
  readonly hear: Hear;
}

/** Hands each event to those who want it. */
export class EventBoard implements EventSink {
  private readonly listeners = new Set<Listener>();
  /** By name: who wants it. A flood is mostly of events that nobody wants, and asks this for each. */
  private readonly byName = new Map<string, readonly Listener[]>();

  get empty(): boolean {
    return this.listeners.size === 0;
  }

  /** Gives the function that ends it. */
  add(wanted: Wanted, hear: Hear): () => void {
    const listener = { ...localFilter(wanted), hear };
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

  private of(name: string): readonly Listener[] {
    let found = this.byName.get(name);
    if (!found) {
      found = [...this.listeners].filter((listener) => listener.wants(name));
      this.byName.set(name, found);
    }
    return found;
  }
}
