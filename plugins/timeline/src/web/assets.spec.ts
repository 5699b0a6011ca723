import { describe, expect, it } from '@jest/globals';
import { asset, rememberedAssets } from './assets.js';

describe('asset', () => {
  it('does not cache names of missing files, however many are requested', async () => {
    await asset('index.html');
    const before = rememberedAssets();
    const names = Array.from(
      { length: 1_000 },
      (_, n) => `${[...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('')}.js`,
    );
    expect(await Promise.all(names.map(asset))).toEqual(names.map(() => undefined));
    expect(rememberedAssets()).toBe(before);
  });
});
