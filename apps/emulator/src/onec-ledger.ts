import type { Answer } from './onec-wire.js';

interface Entry {
  count: number;
  readonly first: number;
  state: 'seen' | 'running' | 'done';
  reply?: Answer;
}

export type Claim = { readonly kind: 'run' } | { readonly kind: 'running' } | { readonly kind: 'done'; readonly reply: Answer };

/**
 * The `X-Request-Id`s that came, kept as a 1C module keeps them that stores the reply in the transaction of the work itself: what was
 * done is answered again, what is running is not begun twice, what failed has left no trace.
 */
export class Ledger {
  private readonly entries = new Map<string, Entry>();
  private doneCount = 0;

  get distinct(): number {
    return this.doneCount;
  }

  /** Counts the arrival. */
  see(id: string): void {
    const known = this.entries.get(id);
    if (known) known.count++;
    else this.entries.set(id, { count: 1, first: this.entries.size + 1, state: 'seen' });
  }

  /** May the work begin? */
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
  }

  toJSON(): Record<string, { count: number; first: number }> {
    const ids: Record<string, { count: number; first: number }> = {};
    for (const [id, { count, first }] of this.entries) ids[id] = { count, first };
    return ids;
  }
}
