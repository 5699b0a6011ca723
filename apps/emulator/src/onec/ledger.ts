import type { IdStats } from './stats.js';
import type { Answer } from './wire.js';

interface Entry {
  count: number;
  readonly first: number;
  unanswered: number;
  state: 'seen' | 'running' | 'done';
  reply?: Answer;
}

export type Claim = { readonly kind: 'run' } | { readonly kind: 'running' } | { readonly kind: 'done'; readonly reply: Answer };

/** Maximum number of kept ids; with their replies they need about ten megabytes. */
export const MAX_IDS = 10_000;

/**
 * The received `X-Request-Id`s. It behaves like a module of 1C that stores the reply in the transaction of the work: a finished call is
 * answered again, a running one is not begun twice, a failed one leaves no trace. Beyond `maxIds` the oldest id is forgotten, unless its
 * work is running; the counters stay.
 */
export class Ledger {
  private readonly entries = new Map<string, Entry>();
  private doneCount = 0;
  private firstCount = 0;

  constructor(private readonly maxIds: number) {}

  get distinct(): number {
    return this.doneCount;
  }

  /** Counts a call. */
  see(id: string): void {
    const known = this.entries.get(id);
    if (known) known.count++;
    else {
      this.entries.set(id, { count: 1, first: ++this.firstCount, unanswered: 0, state: 'seen' });
      if (this.entries.size > this.maxIds) this.forgetOldest();
    }
  }

  /** Counts a call whose caller did not receive the answer. */
  unanswered(id: string): void {
    const entry = this.entries.get(id);
    if (entry) entry.unanswered++;
  }

  /** Returns whether the work may begin, and marks it as running then. */
  claim(id: string): Claim {
    const entry = this.entries.get(id);
    if (entry?.state === 'running') return { kind: 'running' };
    if (entry?.reply) return { kind: 'done', reply: entry.reply };
    if (entry) entry.state = 'running';
    return { kind: 'run' };
  }

  done(id: string, reply: Answer): void {
    const entry = this.entries.get(id);
    if (!entry || entry.state === 'done') return;
    entry.state = 'done';
    entry.reply = reply;
    this.doneCount++;
  }

  failed(id: string): void {
    const entry = this.entries.get(id);
    if (entry?.state === 'running') entry.state = 'seen';
  }

  clear(): void {
    this.entries.clear();
    this.doneCount = 0;
    this.firstCount = 0;
  }

  /** A Map iterates in the order of insertion. Few entries are running: at most as many as calls are open. */
  private forgetOldest(): void {
    for (const [id, { state }] of this.entries) {
      if (state === 'running') continue;
      this.entries.delete(id);
      return;
    }
  }

  toJSON(): Record<string, IdStats> {
    const ids: Record<string, IdStats> = {};
    for (const [id, { count, first, unanswered }] of this.entries) ids[id] = { count, first, unanswered };
    return ids;
  }
}
