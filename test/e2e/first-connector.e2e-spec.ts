import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@sluice/runtime';
import { post } from '../support/api.js';
import { HostProcess } from '../support/host.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, type Folder } from '../support/workspace.js';

const GUIDE = readFileSync('docs/guides/first-connector.md', 'utf8');
/** The files of the guide: their names and the blocks below them. */
const FILES = [...GUIDE.matchAll(/^`([^`]+)`\n\n```\w+\n([^]*?)^```/gm)].map(([, name = '', text = '']) => ({ name, text }));
const COMMANDS = [...GUIDE.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line);

function command(beginning: string): string {
  const found = COMMANDS.find((line) => line.startsWith(beginning));
  if (found === undefined) throw new Error(`the guide has no command that begins with "${beginning}"`);
  return found;
}

describe('the guide first-connector', () => {
  let clone: Folder;
  let operator: ChildProcess;
  let host: HostProcess;
  const env = { SMS_TOKEN: 't-1', SMS_URL: '' };
  let said = '';

  /** A copy of the repository layout that contains only the connector of the guide. */
  const run = (line: string) => promisify(execFile)('sh', ['-c', line], { cwd: clone.path, env: { ...process.env, ...env } });

  beforeAll(async () => {
    clone = makeFolder('clone');
    for (const name of ['node_modules', 'libs']) symlinkSync(path.resolve(name), path.join(clone.path, name));
    for (const name of ['package.json', 'jest.config.js', 'tsconfig.base.json', '.swcrc'])
      copyFileSync(name, path.join(clone.path, name));
    for (const name of ['apps', 'test/e2e', 'test/faults', 'test/load', 'test/real', 'test/upgrade'])
      mkdirSync(path.join(clone.path, name), { recursive: true });
    for (const { name, text } of FILES) {
      const file = path.join(clone.path, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    const port = await freePort();
    env.SMS_URL = `http://127.0.0.1:${port}`;
    operator = spawn(process.execPath, ['shop/operator.mjs'], { cwd: clone.path, env: { ...process.env, PORT: String(port) } });
    operator.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await host?.dispose();
    operator?.kill();
    clone?.remove();
  }, START_TIMEOUT_MS);

  it('builds a connector that passes both contracts', async () => {
    await run(command('npx tsc -b'));
    const { stderr } = await run(command('npm run test:unit'));
    expect(stderr).toMatch(/Tests: +16 passed, 16 total/);
  });

  it('contains a flow without findings', async () => {
    const { stderr } = await run(command('npx sluice lint'));
    expect(stderr).toContain('2 flows, 0 findings');
  });

  it('sends a message and receives messages', async () => {
    const home = path.join(clone.path, 'home');
    mkdirSync(home);
    host = await new HostProcess({ workspace: path.join(clone.path, 'shop'), home, env }).start();
    const [, type = '', body = ''] = /\/events\/(\S+) .* -d '(.*)'$/.exec(command('curl -X POST')) ?? [];
    expect(await post(`${host.url}/events/${type}`, JSON.parse(body))).toMatchObject({ status: 202 });
    await until('both messages', () => said.split('\n').length > 2);
    expect(said).toMatch(/^to 79161112233: Заказ A-1 готов \(\S+\/tell\)\nto 79161230000: Перезвоните клиенту 79161112233 \(/);
  });
});
