import { randomInt } from 'node:crypto';
import nodemailer from 'nodemailer';
import type { Config } from '../config.js';
import { statement } from '../database/statement.js';
import type { Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import { cleanName } from '../people/names.js';
import type { Applications, IssuedKey } from './applications.js';
import { SlowHash } from './slow-hash.js';

const MAX_PER_ADDRESS_IN_HOUR = 3;
const MAX_ATTEMPTS = 5;
const MAIL_TIMEOUT_MS = 10_000;

/** A registration has no subscriber yet. */
const NO_SUBSCRIBER = '00000000-0000-0000-0000-000000000000';

/** Requests at the same time, on all hosts, must not pass a limit together. */
const ONE_AT_A_TIME = statement<object>(
  'one registration at a time',
  'select pg_advisory_xact_lock(7305112) where $1::uuid is not null',
);

/** `$2` address, `$3` organisation, `$4` application, `$5` salt, `$6` hash of the code, `$7` maximum number in an hour. */
const REQUEST = statement<{ readonly id: string; readonly recent: number; readonly sent: boolean }>(
  'request registration',
  `with old as (delete from registration where created_at < now() - interval '1 day'),
   counted as (
     select count(*)::integer as recent, (count(*) filter (where email = lower($2)))::integer as own
     from registration where created_at > now() - interval '1 hour'
   ), added as (
     insert into registration (email, title, application, salt, code_hash)
     select lower($2), $3, $4, $5, $6 from counted where recent < $7 and own < ${MAX_PER_ADDRESS_IN_HOUR} returning id
   )
   select coalesce((select id from added), gen_random_uuid()) as id, recent, exists (select from added) as sent
   from counted where $1::uuid is not null`,
);

/** `$2` registration. */
const USE = statement<{ readonly id: string }>(
  'use registration',
  'delete from registration where id = $2 and $1::uuid is not null returning id',
);

/** A request of an organisation for an application of its own. */
export interface RegistrationRequest {
  readonly email: string;
  /** Name of the organisation. */
  readonly title: string;
  /** Name of the application. */
  readonly application: string;
}

/** Registration of organisations by themselves, with a code that they receive by mail. */
export class Registrations {
  readonly #hash = new SlowHash();

  constructor(
    private readonly tables: Tables,
    private readonly applications: Pick<Applications, 'register'>,
    private readonly config: Config['registration'],
  ) {}

  /**
   * Sends a code to the address. A code is valid for 15 minutes. The fourth request of an address within an hour sends nothing and has the
   * same answer, so that nobody learns which addresses have registered.
   *
   * @returns the id of the registration
   * @throws `CONVERSATIONS_LIMIT` when `perHour` mails were sent, `UNREACHABLE` when the mail server does not accept the mail
   */
  async request({ email, title, application }: RegistrationRequest): Promise<string> {
    const config = this.#enabled();
    const code = String(randomInt(100_000_000)).padStart(8, '0');
    const { salt, hash } = await this.#hash.hash(code);
    const names = [cleanName(title).name, cleanName(application).name];
    const row = await this.tables.of(NO_SUBSCRIBER).transaction(async (tables) => {
      await tables.rows(ONE_AT_A_TIME);
      const [counted] = await tables.rows(REQUEST, email, ...names, salt, hash, config.perHour);
      return counted;
    });
    if (!row || row.recent >= config.perHour)
      throw conversationsFail.CONVERSATIONS_LIMIT(`${config.perHour} registrations were requested within an hour`);
    if (row.sent) await this.#mail(config, email, code);
    return row.id;
  }

  /**
   * Registers the organisation as a subscriber with one application, whose key is shown this one time.
   *
   * @throws `CONVERSATIONS_REGISTRATION` for a wrong or expired code, and after 5 attempts
   */
  async confirm(id: string, code: string): Promise<IssuedKey> {
    this.#enabled();
    // the attempt counts before the check, so that parallel attempts are counted too
    const [row] = await this.tables.rows<{ title: string; application: string; salt: Buffer; code_hash: Buffer }>(
      `update registration set attempts = attempts + 1
       where id = $1 and attempts < ${MAX_ATTEMPTS} and created_at > now() - interval '15 minutes'
       returning title, application, salt, code_hash`,
      [id],
    );
    if (!row || !(await this.#hash.matches(code, { salt: row.salt, hash: row.code_hash })))
      throw conversationsFail.CONVERSATIONS_REGISTRATION('the code is wrong or has expired');
    const subscriber = { code: `org-${id.slice(0, 13)}`, title: row.title };
    return this.applications.register(subscriber, row.application, async (tables) => {
      const used = await tables.rows(USE, id);
      if (used.length === 0) throw conversationsFail.CONVERSATIONS_REGISTRATION('the code was used at this moment');
    });
  }

  #enabled(): NonNullable<Config['registration']> {
    if (this.config) return this.config;
    throw conversationsFail.CONVERSATIONS_REGISTRATION('organisations cannot register themselves here');
  }

  async #mail({ smtp, from }: NonNullable<Config['registration']>, to: string, code: string): Promise<void> {
    const timeouts = { connectionTimeout: MAIL_TIMEOUT_MS, greetingTimeout: MAIL_TIMEOUT_MS, socketTimeout: MAIL_TIMEOUT_MS };
    const transport = nodemailer.createTransport({ url: smtp, ...timeouts });
    try {
      await transport.sendMail({
        from,
        to: { name: '', address: to },
        subject: 'Код регистрации / Registration code',
        text: `Код: ${code}\nОн действует 15 минут.\n\nCode: ${code}\nIt is valid for 15 minutes.\n`,
      });
    } catch (error) {
      // the address of the server contains a password, and so may the error
      throw conversationsFail.CONVERSATIONS_MAIL('the mail server did not accept the mail', { cause: error });
    } finally {
      transport.close();
    }
  }
}
