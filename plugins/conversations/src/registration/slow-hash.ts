import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { conversationsFail } from '../failures.js';

const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** About 50 ms and 16 MiB. https://nodejs.org/api/crypto.html#cryptoscryptpassword-salt-keylen-options-callback */
const COST = { N: 16_384, r: 8, p: 1 };
/** Further hashes are refused: they would wait for seconds. */
const MAX_WAITING = 50;

/**
 * Hashes codes slowly, so that a stolen table does not reveal them. One hash runs at a time, in the thread pool of Node: messages never wait
 * for the event loop, and three of the four threads stay free.
 */
export class SlowHash {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @throws `CONVERSATIONS_LIMIT` while too many hashes wait. */
  async hash(code: string, salt: Buffer = randomBytes(SALT_BYTES)): Promise<{ readonly salt: Buffer; readonly hash: Buffer }> {
    if (this.#waiting >= MAX_WAITING)
      throw conversationsFail.CONVERSATIONS_LIMIT('too many registrations are checked at the moment: repeat it later');
    this.#waiting++;
    const own = this.#last.then(() => derived(code, salt));
    this.#last = own.catch(() => undefined);
    try {
      return { salt, hash: await own };
    } finally {
      this.#waiting--;
    }
  }

  async matches(code: string, { salt, hash }: { readonly salt: Buffer; readonly hash: Buffer }): Promise<boolean> {
    return timingSafeEqual((await this.hash(code, salt)).hash, hash);
  }
}

function derived(code: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(code, salt, HASH_BYTES, COST, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}
