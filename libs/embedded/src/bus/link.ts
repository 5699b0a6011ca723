import pg from 'pg';
import { beginSession, END_SESSION } from './sessions.js';
import { migrate } from './tables.js';

const CONNECT_TIMEOUT_MS = 3_000;
/** A database that does not answer within this time is considered dead, and the bus reconnects. */
const QUERY_TIMEOUT_MS = 15_000;
/**
 * The statements are few, and an index leads to their rows. The planner may not choose it: it plans while the table is empty, and keeps the
 * plan when there are a hundred thousand rows. Taking does not wait for the disk, because taken messages are redelivered after a crash
 * anyway.
 */
const SETTINGS = {
  control: '',
  write: 'set enable_seqscan = off; set enable_nestloop = off',
  // a bitmap scan would read the whole queue to find its head, including the deleted rows before it
  take: 'set enable_seqscan = off; set enable_bitmapscan = off; set synchronous_commit = off',
};
type Purpose = keyof typeof SETTINGS;

/** Options of {@link Link.open}. */
export interface LinkOptions {
  readonly connection: pg.ClientConfig;
  readonly schema: string;
  readonly hostId: string;
  /** The ended session of this host: its deliveries return to their queues, and its exclusive queues move to the new session. */
  readonly previous: string | undefined;
  /** Called for each queue that has new messages. */
  readonly woken: (queue: string) => void;
}

/**
 * The connections of one host and its session, which lives as long as they do: one connection to publish and settle, one to take, one to
 * listen and for everything else. When one of them breaks all are closed, because it is unknown then which statements were committed.
 */
export class Link {
  readonly lost: Promise<Error>;
  #lose!: (reason: Error) => void;
  #closed = false;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly write: pg.Client,
    readonly take: pg.Client,
    private readonly control: pg.Client,
    readonly session: string,
  ) {
    this.lost = new Promise((resolve) => (this.#lose = resolve));
    for (const client of [write, take, control]) {
      client.on('error', (error) => this.drop(error));
      client.on('end', () => this.drop(new Error('the connection was closed')));
    }
  }

  /** Connects, migrates the tables, and begins a session. */
  static async open(options: LinkOptions): Promise<Link> {
    const opened: pg.Client[] = [];
    try {
      const open = async (purpose: Purpose) => {
        const client = await connect(options, purpose);
        opened.push(client);
        return client;
      };
      const [control, write, take] = [await open('control'), await open('write'), await open('take')];
      await migrate(control, options.schema);
      control.on('notification', ({ payload }) => options.woken(payload ?? ''));
      await control.query(`listen ${control.escapeIdentifier(options.schema)}`);
      return new Link(write, take, control, await beginSession(control, take, options));
    } catch (error) {
      await Promise.all(opened.map(endQuietly));
      throw error;
    }
  }

  /** Runs a statement that is neither hot nor urgent, after the statements that were submitted before. */
  query<Row extends pg.QueryResultRow>(sql: string, params: unknown[] = []): Promise<pg.QueryResult<Row>> {
    const result = this.#turn.then(() => this.control.query<Row>(sql, params));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Closes the connections and resolves `lost`. */
  drop(reason: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lose(reason);
    for (const client of [this.write, this.take, this.control]) void endQuietly(client);
  }

  /** Ends the session, so that its deliveries return at once, and closes the connections. */
  async close(): Promise<void> {
    if (!this.#closed) await this.query(END_SESSION, [this.session]).catch(() => undefined);
    this.drop(new Error('closed'));
  }
}

async function connect({ connection, schema }: LinkOptions, purpose: Purpose): Promise<pg.Client> {
  const client = new pg.Client({
    ...connection,
    application_name: `sluice bus ${purpose}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  });
  // until the link registers its own handler; a broken connection rejects its next statement anyway
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`set search_path to ${client.escapeIdentifier(schema)}; set jit = off; ${SETTINGS[purpose]}`);
  return client;
}

function endQuietly(client: pg.Client): Promise<void> {
  return client.end().catch(() => undefined);
}
