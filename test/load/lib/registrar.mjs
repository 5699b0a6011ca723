import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { failure } from './stomp.mjs';
import { Operations } from './statistics.mjs';

const SCOPE = 'conversations desktop';

/**
 * Registers organisations as their administrators do: requests a code, reads it in the mail, confirms it, and then uses the new key for the first login.
 */
export class Registrar {
  operations = new Operations();
  /** Number of complete registrations. */
  count = 0;
  #clients;
  #mail;

  /**
   * @param {import('./sluice-client.mjs').SluiceClients} clients
   * @param {import('./mail-server.mjs').MailServer} mail the mail server of the hosts
   */
  constructor(clients, mail) {
    this.#clients = clients;
    this.#mail = mail;
  }

  /**
   * Registers organisations at a steady rate, whether or not the earlier ones have ended.
   *
   * @param {number} perSecond
   * @returns {() => Promise<void>} ends the registrations, and resolves when the last one has ended
   */
  start(perSecond) {
    const stopped = new AbortController();
    const running = new Set();
    const loop = async () => {
      const from = performance.now();
      for (let n = 0; ; n++) {
        const wait = from + (n * 1000) / perSecond - performance.now();
        await pause(Math.max(wait, 0), undefined, { signal: stopped.signal });
        const one = this.register()
          // the operation is counted as failed; errors of the kit have no code
          .catch((error) => {
            if (error.code === undefined) throw error;
          })
          .finally(() => running.delete(one));
        running.add(one);
      }
    };
    const looping = loop().catch((error) => {
      if (error.name !== 'AbortError') throw error;
    });
    return async () => {
      stopped.abort();
      await looping;
      await Promise.all(running);
    };
  }

  /**
   * Registers one organisation with an application. Rejects when its first person sees anybody else.
   *
   * @returns {Promise<{ issuer: string, key: string, application: string, person: string }>}
   */
  async register() {
    const email = `${randomUUID()}@firma.ru`;
    const request = { email, title: `ООО ${email.slice(0, 8)}`, application: 'УТ 11' };
    const { id } = await this.#time('request', () => this.#clients.call(undefined, 'POST', '/registrations', request));
    const code = await this.#time('mail', () => this.#mail.code(email));
    const confirm = () => this.#clients.call(undefined, 'POST', `/registrations/${id}/confirm`, { code });
    const issued = await this.#time('confirm', confirm);
    const token = await new SignJWT({ scope: SCOPE })
      .setProtectedHeader({ alg: 'HS256', kid: issued.issuer })
      .setSubject('first')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(Buffer.from(issued.key));
    const { person } = await this.#time('first login', () => this.#clients.call(token, 'GET', '/me'));
    const { people } = await this.#clients.call(token, 'GET', '/people?limit=2');
    if (people.some(({ id }) => id !== person.id))
      throw failure('FOREIGN', `${issued.issuer} sees ${people.map(({ id }) => id).join(', ')}`);
    this.count++;
    return { ...issued, person: person.id };
  }

  #time(name, work) {
    return this.operations.time(`register: ${name}`, work);
  }
}
