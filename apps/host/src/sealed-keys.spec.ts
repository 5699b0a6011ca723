import { describe, expect, it } from '@jest/globals';
import { SealedKeys } from './sealed-keys.js';

const SECRET = 's'.repeat(32);
const key = new Uint8Array(32).fill(7);

describe('sealed keys', () => {
  const keys = new SealedKeys(SECRET, 'talk');

  it('are decrypted on every host with the same secret', () => {
    const sealed = keys.seal(key, 'app-1');
    expect(sealed.includes(Buffer.from(key))).toBe(false);
    expect([...new SealedKeys(SECRET, 'talk').unseal(sealed, 'app-1')]).toEqual([...key]);
    // each encryption has a nonce of its own
    expect(keys.seal(key, 'app-1').equals(sealed)).toBe(false);
  });

  it('are refused under another secret, connection or name, and when they were changed', () => {
    const sealed = keys.seal(key, 'app-1');
    const changed = Buffer.from(sealed);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(() => new SealedKeys('t'.repeat(32), 'talk').unseal(sealed, 'app-1')).toThrow('another secret');
    expect(() => new SealedKeys(SECRET, 'other').unseal(sealed, 'app-1')).toThrow('another secret');
    expect(() => keys.unseal(sealed, 'app-2')).toThrow('another secret');
    expect(() => keys.unseal(changed, 'app-1')).toThrow('another secret');
    expect(() => keys.unseal(Buffer.of(1, 2, 3), 'app-1')).toThrow('not one that this version');
  });
});
