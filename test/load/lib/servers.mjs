// The servers of a run: PostgreSQL with a database for each side, RabbitMQ and Redis.
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, startRabbit, startRedis } from '../../../libs/testing/dist/servers/index.js';

const EXTENSION = 'pg_stat_statements';
const TOP = 10;
const MAX_STARTS = 20;
const AGAIN_MS = 250;

export class Servers {
  #postgres;
  #others;
  #hasStatements = false;

  /** Starts the servers. PostgreSQL counts statements if its package has the extension for it. */
  static async start() {
    const servers = new Servers();
    const [postgres, rabbit, redis] = await Promise.all([startPostgres(), startRabbit(), startRedis()]);
    servers.#postgres = postgres;
    servers.#others = [rabbit, redis];
    servers.env = { SLUICE_DATABASE_URL: postgres.url, SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url };
    try {
      await servers.#prepare();
      return servers;
    } catch (error) {
      await servers.stop();
      throw error;
    }
  }

  /** URL of the database of the rival, in the same PostgreSQL. */
  get rivalUrl() {
    return this.#postgres.url.replace(/\/postgres$/, '/plain');
  }

  get postgres() {
    return this.#postgres;
  }

  async stop() {
    await Promise.all([this.#postgres, ...this.#others].map((server) => server.stop()));
  }

  /** Begins the count of statements anew. */
  async forgetStatements() {
    if (this.#hasStatements) await this.query('select pg_stat_statements_reset()');
  }

  /** Returns the ten statements of Sluice that took the most time; undefined without the extension. */
  async topStatements() {
    if (!this.#hasStatements) return undefined;
    return this.query(
      `select calls::float8 calls, total_exec_time "totalMs", mean_exec_time "meanMs", rows::float8 rows,
         left(regexp_replace(query, '\\s+', ' ', 'g'), 110) query
       from pg_stat_statements join pg_database on pg_database.oid = dbid
       where datname = current_database() order by total_exec_time desc limit ${TOP}`,
    );
  }

  /** Runs a statement in Sluice's database. */
  async query(text, values = []) {
    const client = new pg.Client({ connectionString: this.#postgres.url });
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Starts PostgreSQL after its kill. It refuses to start while processes of the killed one are still ending. */
  async #startAgain() {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#postgres.start();
      } catch (error) {
        if (attempt === MAX_STARTS) throw error;
        await pause(AGAIN_MS);
      }
    }
  }

  async #prepare() {
    await this.query('create database plain');
    const available = await this.query('select from pg_available_extensions where name = $1', [EXTENSION]);
    if (available.length === 0) return;
    await this.query(`alter system set shared_preload_libraries = '${EXTENSION}'`);
    await this.#postgres.kill();
    await this.#startAgain();
    await this.query(`create extension ${EXTENSION}`);
    this.#hasStatements = true;
  }
}
