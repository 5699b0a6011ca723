import { describe, expect, it } from '@jest/globals';
import type { AdminClient } from '@sluice/admin-contract';
import { TokenRefusedError } from '../admin/host-api.js';
import { replayAll } from './parked.js';

describe('sluice parked replay --all', () => {
  it('stops when the host refuses the token, instead of reporting every run that is left', async () => {
    const asked: string[] = [];
    const admin = {
      parked: async () => ({ items: ['one', 'two', 'three', 'four'].map((run) => ({ run })) }),
      replay: async ({ run }: { readonly run: string }) => {
        asked.push(run);
        if (run === 'two') throw new TokenRefusedError('the token has expired');
        return { run };
      },
    } as unknown as AdminClient;
    await expect(replayAll(admin, false, undefined)).rejects.toThrow(TokenRefusedError);
    expect(asked).toEqual(['one', 'two']);
  });
});
