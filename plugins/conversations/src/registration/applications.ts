import { randomBytes } from 'node:crypto';
import { newEventId, RUNTIME_ISSUER_SCOPES, type Clock, type Log, type RuntimeIssuers } from '@sluice/plugin-api';
import type { SubscriberTables, Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import { accessVersion, BUMP_ACCESS, followAccess } from '../people/access-version.js';
import {
  ADD_APPLICATION,
  ADD_KEY,
  ADD_SUBSCRIBER,
  APPLICATION,
  APPLICATIONS,
  CHANGE_APPLICATION,
  DROP_OLD_KEYS,
  RENAME_OR_LOCK_SUBSCRIBER,
  type ApplicationRow,
} from './applications.sql.js';

const KEY_BYTES = 32;
const MAX_APPLICATIONS = 100;
/** A new key and the one before it, so that an application can change over without a gap. */
const MAX_KEYS = 2;

export interface Subscriber {
  readonly id: string;
  readonly code: string;
  readonly title: string;
  readonly isLocked: boolean;
}

/** An application that was registered, with its key, which is shown only once. */
export interface IssuedKey {
  readonly application: string;
  /** Header `kid` of the tokens. */
  readonly issuer: string;
  /** Key for HS256, as the text whose UTF-8 bytes sign. */
  readonly key: string;
}

interface Change {
  readonly title?: string | undefined;
  readonly isLocked?: boolean | undefined;
}

/** Subscribers, and their applications with signing keys, which are registered while the host runs. */
export class Applications {
  private constructor(
    private readonly tables: Tables,
    private readonly issuers: RuntimeIssuers | undefined,
    private readonly log: Log,
  ) {}

  /** Opens the registry, and keeps the issuers of this host up to date until the signal fires. */
  static async open(
    tables: Tables,
    issuers: RuntimeIssuers | undefined,
    options: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
  ): Promise<Applications> {
    const applications = new Applications(tables, issuers, options.log);
    const version = await accessVersion(tables);
    await applications.#offerIssuers();
    followAccess(tables, options, version, () => applications.#offerIssuers());
    return applications;
  }

  /** Returns up to 1,000 subscribers after a code, sorted by code. */
  async subscribers(after = ''): Promise<readonly Subscriber[]> {
    return this.tables.rows<Subscriber>(
      `select id, code, title, locked_at is not null as "isLocked" from subscriber where code > $1 order by code limit 1000`,
      [after],
    );
  }

  /** @throws `CONVERSATIONS_INVALID` when the code is taken. */
  async addSubscriber(code: string, title: string): Promise<Subscriber> {
    const id = newEventId();
    const added = await this.tables.of(id).rows(ADD_SUBSCRIBER, code, title);
    if (added.length === 0) throw conversationsFail.CONVERSATIONS_INVALID(`the subscriber "${code}" exists already`);
    return { id, code, title, isLocked: false };
  }

  /** Renames a subscriber, or locks it with all of its people on all hosts within 5 s. */
  async changeSubscriber(subscriber: string, { title, isLocked }: Change): Promise<void> {
    await this.#change(subscriber, async (tables) => {
      const [row] = await tables.rows(RENAME_OR_LOCK_SUBSCRIBER, title ?? null, isLocked ?? null);
      if (!row) throw missing('subscriber', subscriber);
    });
  }

  async list(subscriber: string): Promise<readonly ApplicationRow[]> {
    return this.tables.of(subscriber).rows(APPLICATIONS);
  }

  /** Registers an application of a subscriber. All hosts accept tokens of its key within 5 s. */
  async add(subscriber: string, title: string): Promise<IssuedKey> {
    return this.#change(subscriber, async (tables) => {
      if ((await tables.rows(APPLICATIONS)).length >= MAX_APPLICATIONS)
        throw conversationsFail.CONVERSATIONS_LIMIT(`a subscriber has up to ${MAX_APPLICATIONS} applications`);
      return this.#addApplication(tables, title);
    });
  }

  /**
   * Registers a subscriber together with its first application: both or neither.
   *
   * @param claim runs first in the same transaction; when it rejects, nothing is registered
   */
  async register(
    subscriber: { readonly code: string; readonly title: string },
    application: string,
    claim: (tables: SubscriberTables) => Promise<void>,
  ): Promise<IssuedKey> {
    return this.#change(newEventId(), async (tables) => {
      await claim(tables);
      await tables.rows(ADD_SUBSCRIBER, subscriber.code, subscriber.title);
      return this.#addApplication(tables, application);
    });
  }

  /** Renames an application, or locks it: its tokens are refused and its sessions end on all hosts within 5 s. */
  async change(subscriber: string, application: string, { title, isLocked }: Change): Promise<void> {
    await this.#change(subscriber, async (tables) => {
      const [row] = await tables.rows(CHANGE_APPLICATION, application, title ?? null, isLocked ?? null);
      if (!row) throw missing('application', application);
    });
  }

  /**
   * Adds a new key to an application.
   *
   * @param keepsOld whether tokens of the key before it are still accepted, until the next rotation
   * @throws `CONVERSATIONS_INVALID` for an issuer of sluice.yaml, whose keys stand there.
   */
  async rotate(subscriber: string, application: string, keepsOld: boolean): Promise<IssuedKey> {
    return this.#change(subscriber, async (tables) => {
      const [row] = await tables.rows(APPLICATION, application);
      if (!row) throw missing('application', application);
      if (!row.issuer.startsWith('app-'))
        throw conversationsFail.CONVERSATIONS_INVALID(`the keys of the issuer ${row.issuer} stand in sluice.yaml`);
      const key = await this.#addKey(tables, application, row.issuer);
      await tables.rows(DROP_OLD_KEYS, application, keepsOld ? MAX_KEYS : 1);
      return key;
    });
  }

  async #addApplication(tables: SubscriberTables, title: string): Promise<IssuedKey> {
    const issuer = `app-${randomBytes(8).toString('hex')}`;
    const [row] = await tables.rows(ADD_APPLICATION, issuer, title);
    if (!row) throw missing('subscriber', tables.subscriber);
    return this.#addKey(tables, row.id, issuer);
  }

  async #addKey(tables: SubscriberTables, application: string, issuer: string): Promise<IssuedKey> {
    if (!this.issuers) throw conversationsFail.CONVERSATIONS_REGISTRATION('this host accepts no registered applications');
    const key = randomBytes(KEY_BYTES).toString('base64url');
    await tables.rows(ADD_KEY, application, Buffer.from(this.issuers.seal(Buffer.from(key), issuer)));
    return { application, issuer, key };
  }

  async #change<Result>(subscriber: string, work: (tables: SubscriberTables) => Promise<Result>): Promise<Result> {
    const result = await this.tables.of(subscriber).transaction(async (tables) => {
      await tables.rows(BUMP_ACCESS);
      return work(tables);
    });
    await this.#offerIssuers();
    return result;
  }

  /** Reads the issuers that may sign tokens, and passes them to this host. */
  async #offerIssuers(): Promise<void> {
    const { issuers } = this;
    if (!issuers) return;
    const rows = await this.tables.rows<{ issuer: string; sealed: Buffer[] }>(
      `select application.issuer, array_agg(issuer_key.sealed order by issuer_key.no desc) as sealed
       from issuer_key join application on application.id = issuer_key.application
       join subscriber on subscriber.id = application.subscriber
       where application.locked_at is null and subscriber.locked_at is null group by application.issuer`,
    );
    issuers.replace(
      rows.map(({ issuer, sealed }) => ({
        name: issuer,
        keys: sealed.flatMap((one) => this.#unsealed(issuers, one, issuer)),
        scopes: RUNTIME_ISSUER_SCOPES,
      })),
    );
  }

  #unsealed(issuers: RuntimeIssuers, sealed: Buffer, issuer: string): readonly Uint8Array[] {
    try {
      return [issuers.unseal(sealed, issuer)];
    } catch (error) {
      this.log.warn('a key of an application cannot be decrypted: rotate it', { issuer, error: String(error) });
      return [];
    }
  }
}

function missing(what: string, id: string): Error {
  return conversationsFail.CONVERSATIONS_MISSING(`there is no ${what} ${id}`);
}
