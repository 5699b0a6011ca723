import type { Entry, Status } from './model.js';

export interface Filter {
  readonly text: string;
  readonly statuses: ReadonlySet<Status>;
}

/** The loaded entries, each in its newest version. */
export class Store {
  readonly #entries = new Map<string, Entry>();
  filter: Filter = { text: '', statuses: new Set() };

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  /** Adds entries and returns the new ones. Responses and changes arrive in any order, so an older version never replaces a newer one. */
  add(entries: readonly Entry[]): Entry[] {
    const fresh = entries.filter((entry) => entry.version > (this.#entries.get(entry.id)?.version ?? 0));
    for (const entry of fresh) this.#entries.set(entry.id, entry);
    return fresh;
  }

  /** Returns all loaded entries. */
  all(): Entry[] {
    return [...this.#entries.values()];
  }

  /** Returns the entries that match the filter. */
  shown(): Entry[] {
    const { text, statuses } = this.filter;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const asked = /^[\d\s()+-]+$/.test(text) ? phoneDigits(text) : '';
    return this.all().filter((entry) => {
      if (!statuses.has(entry.status)) return false;
      if (asked !== '' && phoneDigits(entry.phone).includes(asked)) return true;
      const own = `${entry.client} ${entry.phone} ${entry.comment}`.toLowerCase();
      return words.every((word) => own.includes(word));
    });
  }
}

/** Returns the digits of a number. The first digit of an 11-digit number is removed, because the country is written as +7, 7 or 8. */
function phoneDigits(text: string): string {
  return text.replace(/\D/g, '').replace(/^\d(?=\d{10}$)/, '');
}
