import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/**
 * Encrypts and decrypts the keys of registered issuers. The key of encryption is derived from the secret of the operator (HKDF-SHA-256, RFC
 * 5869), and differs for each connection. The name is authenticated, so that a sealed key cannot be moved to another issuer.
 *
 * A sealed key consists of the version (1 byte), the nonce (12 bytes, random), the tag (16 bytes) and the encrypted key.
 */
export class SealedKeys {
  readonly #key: Buffer;

  constructor(operatorSecret: string, connection: string) {
    this.#key = Buffer.from(hkdfSync('sha256', operatorSecret, 'sluice issuers', connection, KEY_BYTES));
  }

  seal(key: Uint8Array, name: string): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv).setAAD(Buffer.from(name));
    const encrypted = Buffer.concat([cipher.update(key), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), encrypted]);
  }

  /** Throws when the key was encrypted under another secret or name, or was changed. */
  unseal(sealed: Uint8Array, name: string): Buffer {
    const bytes = Buffer.from(sealed);
    const tagAt = 1 + IV_BYTES;
    if (bytes.length <= tagAt + TAG_BYTES || bytes[0] !== VERSION)
      throw new Error(`the stored key of the issuer ${name} is not one that this version of Sluice has encrypted`);
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(1, tagAt), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(tagAt, tagAt + TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(tagAt + TAG_BYTES)), decipher.final()]);
    } catch (error) {
      const cause = { cause: error };
      throw new Error(`the stored key of the issuer ${name} was encrypted under another secret of the operator`, cause);
    }
  }
}
