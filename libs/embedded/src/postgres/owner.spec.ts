import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimHome } from './owner.js';

describe('claimHome', () => {
  let home: string;
  let file: string;

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'sluice-owner-'));
    file = path.join(home, 'owner');
  });

  afterEach(() => rm(home, { recursive: true, force: true }));

  it('refuses a second claim until the first is released', async () => {
    const claim = await claimHome(home);
    await expect(claimHome(home)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await claim.release();
    await (await claimHome(home)).release();
  });

  it.each(['', '\0\0\0\0', '{"pid":'])('takes over a home after a power cut that left %j of the file', async (left) => {
    await writeFile(file, left);
    await claimHome(home);
    expect(await readFile(file, 'utf8')).toContain(`"pid":${process.pid}`);
  });
});
