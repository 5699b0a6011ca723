import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const SLUICE = fileURLToPath(new URL('../bin/sluice.js', import.meta.url));
const LINE = /^demo: sent 200, delivered 200, lost 0, refused 0, peak \d+ of 10 calls, \d+\.\d s \(plain loops \d+\.\d s\)$/;

const CALLS =
  /^calls: 20 rang, 20 shown with the name 1C knows, 20 cards, 1 booking of 1C in the timeline, heard by 20 desktops, \d+\.\d s$/m;

const CONVERSATIONS =
  /^conversations: 10 people opened 1 discussion, posted 202, 40 of them twice, \d+ views live, each saw 205, lost 0, twice 0, out of order 0, the bot answered in .+, "накладная" found "накладными", \d+\.\d s$/m;

/** Runs the built command with the embedded backends. */
describe('sluice demo', () => {
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'sluice-demo-'));
  });

  afterAll(async () => {
    await rm(home, { recursive: true, force: true });
  });

  async function demo(...flags: readonly string[]): Promise<{ lastLine: string | undefined; story: string }> {
    const env = { ...process.env, SLUICE_HOME: home, SLUICE_RABBITMQ_URL: '', SLUICE_REDIS_URL: '', SLUICE_DATABASE_URL: '' };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [SLUICE, 'demo', '--events', '200', ...flags], {
      env,
    });
    return { lastLine: stdout.trimEnd().split('\n').at(-1), story: stderr };
  }

  it('delivers every event without a rejection and shows each call and each message', async () => {
    const { lastLine, story } = await demo();
    expect(story).toMatch(CALLS);
    expect(story).toMatch(CONVERSATIONS);
    expect(lastLine).toMatch(LINE);
  }, 120_000);

  it('loses no event when the host is killed half-way', async () => {
    const { lastLine, story } = await demo('--kill');
    expect(story).toMatch(CALLS);
    expect(story).toMatch(CONVERSATIONS);
    expect(lastLine).toMatch(LINE);
  }, 180_000);
});
