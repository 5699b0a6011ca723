import pg from 'pg';
import { beginSession, END_SESSION } from './sessions.js';
import { migrate } from './tables.js';

const CONNECT_TIMEOUT_MS = 3_000;
/** A database that has not answered by then is taken for dead: the bus begins anew. */
const QUERY_TIMEOUT_MS = 15_000;
/**
 * The statements are few, and their rows are found by an index. The planner may not see that: it plans while the table is empty, and
 * keeps the plan when there are a hundred thousand rows. Taking need not wait for the disk: what was taken is handed out again after a
 * crash anyway.
 */
const SETTINGS = {
  control: '',
  write: 'set enable_seqscan = off; set enable_nestloop = off',
  // a bitmap scan would read the whole queue to find its head, and the rows that were deleted there with it
  take: 'set enable_seqscan = off; set enable_bitmapscan = off; set synchronous_commit = off',
};
type Purpose = keyof typeof SETTINGS;

export interface LinkOptions {
  readonly connection: pg.ClientConfig;
  readonly schema: string;
  readonly hostId: string;
  /** The session of this host that has ended: what it held goes back, its exclusive queues are taken over. */
  readonly previous: string | undefined;
  /** Called once for each queue that got something to hand out. */
  readonly woken: (queue: string) => void;
}

/**
 * The connections of one host and its session, which lives while they do: one to publish and settle, one to take, one to listen and for
 * the rest. When one breaks all are closed, for nobody knows then what was committed.
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

  /** Connects, brings the tables up to date, and begins a session. */
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

  /** Runs a statement that is neither hot nor urgent, after those that were asked before. */
  query<Row extends pg.QueryResultRow>(sql: string, params: unknown[] = []): Promise<pg.QueryResult<Row>> {
    const result = this.#turn.then(() => this.control.query<Row>(sql, params));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Gives up: the connections are closed, and `lost` resolves. */
  drop(reason: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lose(reason);
    for (const client of [this.write, this.take, this.control]) void endQuietly(client);
  }

  /** Ends the session in good order: what it held goes back at once. */
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
  // until the link listens to it; a connection that breaks fails its next statement anyway
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`set search_path to ${client.escapeIdentifier(schema)}; set jit = off; ${SETTINGS[purpose]}`);
  return client;
}

function endQuietly(client: pg.Client): Promise<void> {
  return client.end().catch(() => undefined);
}
