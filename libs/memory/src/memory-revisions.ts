import {
  REVISION_KEPT_MS,
  type FlowRevision,
  type RevisionStore,
  type RevisionSummary,
  type StoredRevision,
} from '@sluice/engine';
import type { MemoryDatabase } from './memory-database.js';

/** The revisions of flows in the database. */
export class MemoryRevisions implements RevisionStore {
  constructor(private readonly database: MemoryDatabase) {}

  announce(revisions: readonly FlowRevision[]): Promise<readonly number[]> {
    return this.database.use(() =>
      revisions.map((one) => {
        const now = new Date(this.database.now());
        const known = this.database.revisions.get(keyOf(one));
        const isNewest = known !== undefined && this.#newestOf(one.flow)?.revision === one.revision;
        const generation = isNewest ? known.generation : this.database.draw();
        const row: StoredRevision = { ...(known ?? { ...one, firstSeen: now }), generation, lastSeen: now };
        this.database.revisions.set(keyOf(one), row);
        return generation;
      }),
    );
  }

  bound(revisions: readonly Pick<FlowRevision, 'flow' | 'revision'>[]): Promise<readonly Date[]> {
    return this.database.use(() =>
      revisions.map((one) => {
        const at = this.database.bound.get(keyOf(one)) ?? new Date(this.database.now());
        this.database.bound.set(keyOf(one), at);
        return at;
      }),
    );
  }

  get(flow: string, revision: string): Promise<StoredRevision | undefined> {
    return this.database.use(() => this.database.revisions.get(keyOf({ flow, revision })));
  }

  newest(): Promise<readonly RevisionSummary[]> {
    return this.database.use(() =>
      [...new Set([...this.database.revisions.values()].map(({ flow }) => flow))]
        .sort()
        .flatMap((flow) => this.#newestOf(flow) ?? [])
        .map(({ source: _source, constants: _constants, ...summary }) => summary),
    );
  }

  seen(revisions: readonly { readonly flow: string; readonly revision: string }[]): Promise<void> {
    return this.database.use(() => {
      for (const one of revisions) {
        const known = this.database.revisions.get(keyOf(one));
        if (known) this.database.revisions.set(keyOf(one), { ...known, lastSeen: new Date(this.database.now()) });
      }
    });
  }

  #newestOf(flow: string): StoredRevision | undefined {
    const rows = [...this.database.revisions.values()].filter((row) => row.flow === flow);
    return rows.sort((a, b) => b.generation - a.generation)[0];
  }
}

/** Lets the revisions of a flow count as not bound. */
export function forgetRevisions(database: MemoryDatabase, forgotten: string): void {
  for (const [key, { flow }] of database.revisions) if (flow === forgotten) database.bound.delete(key);
}

/** Deletes revisions that no host has seen for {@link REVISION_KEPT_MS}, except those of runs that are parked. */
export function sweepRevisions(database: MemoryDatabase): void {
  const named = new Set(
    [...database.parked.values()]
      .filter(({ run: { state } }) => state === 'parked' || state === 'replaying')
      .map(({ run }) => keyOf(run)),
  );
  for (const [key, { lastSeen }] of database.revisions)
    if (database.now() - lastSeen.getTime() > REVISION_KEPT_MS && !named.has(key)) database.revisions.delete(key);
}

function keyOf({ flow, revision }: { readonly flow: string; readonly revision: string }): string {
  return JSON.stringify([flow, revision]);
}
