import type { Bearer, Database, Recipients } from '@sluice/plugin-api';
import type { Persistently } from './event-removals.js';
import { StatementBatches } from './statement-batches.js';
import * as sql from './statements.js';

const MAX_BATCH = 1_000;
const DAY_MS = 86_400_000;
/** Maximum workplaces in memory. At the limit the host forgets all of them, and writes each one again at its next login. */
const MAX_KNOWN_WORKPLACES = 50_000;
/** Separates groups: a control character, which no name contains. */
const UNIT = '\x1f';

interface Login {
  readonly name: string;
  readonly extension: string | null;
  readonly groups: string;
  readonly workplace: string | null;
}

export interface UserDirectoryDeps {
  readonly database: Database;
  readonly now: () => number;
  readonly persistently: Persistently;
}

/** Stores extensions, groups and workplaces of users, as their last tokens contain them. */
export class UserDirectory {
  readonly #logins = new StatementBatches<Login>((items) => this.#recordAll(items), { maxWeight: MAX_BATCH });
  /** Extension and groups of each user in the table, so that only changes are written. */
  readonly #known = new Map<string, string>();
  /** The last user of each workplace, and when the table was last updated with it. */
  readonly #atWorkplace = new Map<string, { readonly user: string; readonly seenAt: number }>();

  /** Logins whose write has not ended, so that a user can be reached from the first moment of a session. */
  readonly #unwritten = new Set<Login>();

  constructor(private readonly deps: UserDirectoryDeps) {}

  /** Reads the table. Call it once, before the other methods. */
  async load(): Promise<void> {
    const { database } = this.deps;
    const users = await database.rows<{ name: string; extension: string | null; groups: string[] }>(sql.KNOWN_USERS);
    for (const { name, extension, groups } of users) this.#known.set(name, signatureOf({ extension, groups: groups.join(UNIT) }));
    const workplaces = await database.rows<{ name: string; user: string; seenAt: number }>(sql.WORKPLACES);
    for (const { name, user, seenAt } of workplaces) this.#atWorkplace.set(name, { user, seenAt });
  }

  async resolve(recipients: Recipients): Promise<readonly string[]> {
    if ('user' in recipients) return [recipients.user];
    const [[kind, value]] = Object.entries(recipients) as [[keyof typeof sql.RESOLVE, string | true]];
    const fresh = [...this.#unwritten].filter((login) => matches(login, recipients)).map(({ name }) => name);
    const rows = await this.deps.database.rows<{ name: string }>(sql.RESOLVE[kind], [value === true ? null : value]);
    // a workplace has one user, the last one
    if (kind === 'workplace' && fresh.length > 0) return fresh.slice(-1);
    return [...new Set([...rows.map(({ name }) => name), ...fresh])];
  }

  recordLogin({ user, extension, groups }: Bearer, workplace: string | undefined): void {
    const login = { name: user, extension: extension ?? null, groups: groups.join(UNIT), workplace: workplace ?? null };
    const isNew = this.#known.get(user) !== signatureOf(login);
    const isNewThere = workplace !== undefined && !this.#isKnownAt(workplace, user);
    if (!isNew && !isNewThere) return;
    this.#known.set(user, signatureOf(login));
    if (workplace !== undefined) {
      if (this.#atWorkplace.size >= MAX_KNOWN_WORKPLACES) this.#atWorkplace.clear();
      this.#atWorkplace.set(workplace, { user, seenAt: this.deps.now() });
    }
    this.#unwritten.add(login);
    void this.#logins.add(login).finally(() => this.#unwritten.delete(login));
  }

  /** Returns false also for an entry older than a day, so that the table contains the day of the last use of a workplace. */
  #isKnownAt(workplace: string, user: string): boolean {
    const known = this.#atWorkplace.get(workplace);
    return known?.user === user && this.deps.now() - known.seenAt < DAY_MS;
  }

  async #recordAll(logins: readonly Login[]): Promise<void> {
    await this.deps
      .persistently('failed to write logins, the write is repeated', () =>
        this.deps.database.rows(sql.RECORD_LOGINS, [
          logins.map(({ name }) => name),
          logins.map(({ extension }) => extension),
          logins.map(({ groups }) => groups),
          logins.map(({ workplace }) => workplace),
          this.deps.now(),
        ]),
      )
      .catch(() => undefined);
  }
}

function matches({ extension, groups, workplace }: Login, recipients: Exclude<Recipients, { readonly user: string }>): boolean {
  if ('extension' in recipients) return extension === recipients.extension;
  if ('group' in recipients) return groups.split(UNIT).includes(recipients.group);
  if ('workplace' in recipients) return workplace === recipients.workplace;
  return true;
}

function signatureOf({ extension, groups }: Pick<Login, 'extension' | 'groups'>): string {
  return `${extension ?? ''}${UNIT}${UNIT}${groups}`;
}
