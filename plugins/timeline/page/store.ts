import type { Entry, Status } from './model.js';

export interface Filter {
  readonly text: string;
  readonly statuses: ReadonlySet<Status>;
}

/** The entries that this page knows, each in its newest version. */
export class Store {
  readonly #entries = new Map<string, Entry>();
  filter: Filter = { text: '', statuses: new Set() };

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  /** Answers and changes arrive in any order: an older version never replaces a newer one. Gives those that were new. */
  add(entries: readonly Entry[]): Entry[] {
    const fresh = entries.filter((entry) => entry.version > (this.#entries.get(entry.id)?.version ?? 0));
    for (const entry of fresh) this.#entries.set(entry.id, entry);
    return fresh;
  }

  /** Those that the filter lets through. */
  shown(): Entry[] {
    const words = this.filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    return [...this.#entries.values()].filter((entry) => {
      if (!this.filter.statuses.has(entry.status)) return false;
      const text = `${entry.client} ${entry.phone} ${entry.comment}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }
}
