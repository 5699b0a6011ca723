import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec } from '@sluice/emulator';
import { ask } from '../support/api.js';
import { sluice } from '../support/cli.js';
import { OPERATOR_SECRET } from '../support/tokens.js';
import { PATIENCE_MS, START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, type Folder } from '../support/workspace.js';

const README = readFileSync('README.md', 'utf8');
/** The lines of the README that are indented as code, which a reader copies. */
const COMMANDS = [...README.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line.replace(/\s{2,}[#(].*$/, '').trim());

/** Returns the line of the README with this beginning. Throws when it is missing. */
function command(beginning: string): string {
  const found = COMMANDS.find((line) => line.startsWith(beginning));
  if (found === undefined) throw new Error(`README.md has no command that begins with "${beginning}"`);
  return found;
}

/** `npm start` on a terminal, where it prints a token and each event. */
class Terminal {
  #shown = '';
  readonly #child: ChildProcess;

  constructor(line: string, env: Readonly<Record<string, string>>) {
    if (process.platform !== 'linux')
      throw new Error('the tests of the quick start need Linux: util-linux provides their terminal');
    // `script` of util-linux runs a command on its own terminal
    this.#child = spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TERM: 'dumb', NO_COLOR: '1', ...env },
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#shown += chunk.toString()));
  }

  get shown(): string {
    return this.#shown.replaceAll('\r', '');
  }

  /** Resolves with the part of the screen that matches. */
  shows(pattern: RegExp, timeoutMs = PATIENCE_MS): Promise<RegExpExecArray> {
    const look = () => {
      const found = pattern.exec(this.shown);
      if (!found) throw new Error(`the screen shows:\n${this.shown}`);
      return found;
    };
    return until(`${String(pattern)} on the screen`, look, timeoutMs);
  }

  async interrupt(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.stdin?.write('\u0003');
    const [code] = (await exit) as [number | null];
    return code;
  }
}

describe('the quick start of the README', () => {
  let onec: Onec;
  let home: Folder;
  let terminal: Terminal;
  let door: string;

  beforeAll(async () => {
    onec = await startOnec({ port: 0 });
    home = makeFolder('home');
    terminal = new Terminal(command('npm start'), {
      ERP_URL: `${onec.url}/base/hs/gate`,
      SLUICE_HOME: home.path,
      SLUICE_HTTP_PORT: '0',
      SLUICE_STOMP_PORT: '0',
      SLUICE_TOKEN_SECRET: OPERATOR_SECRET,
    });
    [, door = ''] = await terminal.shows(/^door +(http:\/\/localhost:\d+)/m, START_TIMEOUT_MS - PATIENCE_MS);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await terminal?.interrupt();
    await onec?.close();
    home?.remove();
  }, START_TIMEOUT_MS);

  it('begins with scripts of package.json', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    expect(command('npm run demo')).toBe('npm run demo');
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'start', 'test']));
  });

  it('shows the flow that is in flows/hello.yaml', () => {
    const [, shown] = /^```yaml\n([^]*?)^```/m.exec(README) ?? [];
    expect(shown).toBe(readFileSync('flows/hello.yaml', 'utf8'));
  });

  it('sends an event to 1C with the command that npm start prints', async () => {
    const [printed] = await terminal.shows(/curl -X POST .*$/m);
    const [, token = ''] = /Bearer ([\w.-]+)"/.exec(printed) ?? [];
    expect(printed.replace(token, 'TOKEN').replace(door, 'http://localhost:3000')).toBe(command('curl -X POST'));

    expect(await request(printed)).toMatchObject({ status: 202, body: { id: expect.any(String) } });
    await until('the call of 1C', () => onec.stats().done === 1);
  });

  it('shows the outcome of the event as in the README', async () => {
    const time = /\d\d:\d\d:\d\d/;
    const [accepted, called] = COMMANDS.filter((line) => time.test(line)).map(asPattern);
    expect(await terminal.shows(accepted ?? /^$/)).toBeTruthy();
    expect(await terminal.shows(called ?? /^$/)).toBeTruthy();
  });

  it('shows and replays an event that 1C has rejected', async () => {
    onec.setFault({ kind: 'business', times: 1 });
    await request((await terminal.shows(/curl -X POST .*$/m))[0]);
    await terminal.shows(/hello\/save parked/);
    const listed = await sluice(door, ...wordsOf('npx sluice parked ls'));
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('ONEC_BUSINESS') });
    const [run = ''] = /^[\da-f-]{8,}/m.exec(listed.stdout) ?? [];
    expect(await sluice(door, ...wordsOf('npx sluice parked replay ID').map((word) => word.replace('ID', run)))).toMatchObject({
      code: 0,
    });
    await until('the call of 1C', () => onec.stats().done === 2);
  });

  it('checks the configured 1C with doctor', async () => {
    const { code, stdout } = await sluice(door, ...wordsOf('npx sluice doctor'));
    expect(stdout).toMatch(/connection erp/);
    expect(code).toBe(0);
  });

  it('creates a flow without findings', async () => {
    const workspace = makeFolder('own');
    try {
      for (const name of ['sluice.yaml', 'flows']) cpSync(name, path.join(workspace.path, name), { recursive: true });
      const [, words = ''] = /`npx sluice (new flow mine)`/.exec(README) ?? [];
      const made = await sluice(door, ...words.split(' '), '--workspace', workspace.path);
      expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('mine.yaml') });
      const linted = await sluice(door, 'lint', '--workspace', workspace.path);
      expect(linted).toMatchObject({ code: 0, stderr: expect.stringContaining('0 findings') });
    } finally {
      workspace.remove();
    }
  });

  it('stops on Ctrl+C', async () => {
    expect(await terminal.interrupt()).toBe(130);
    // npm ends before the host has stopped; PostgreSQL removes its pid file at the end of an orderly stop
    await until('the host to stop', async () => {
      const left = readdirSync(home.path, { recursive: true }).filter((file) => String(file).endsWith('postmaster.pid'));
      return left.length === 0 && (await ask(`${door}/health/live`).catch(() => 'nobody answers')) === 'nobody answers';
    });
  });
});

/** Returns the arguments of a command of the README after `npx sluice`. */
function wordsOf(line: string): string[] {
  return command(line).split(' ').slice(2);
}

/** Returns a pattern for a line of the README with any id, time, duration and number. */
function asPattern(line: string): RegExp {
  const literal = line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ +/g, ' +');
  return new RegExp(literal.replaceAll(/\b(?:[\da-f]{8}|\d+)\b/g, '[\\da-f.]+'));
}

/** Sends the request of a curl command. */
function request(line: string): ReturnType<typeof ask> {
  const [, method = '', url = ''] = /-X (\S+) (\S+)/.exec(line) ?? [];
  const headers = Object.fromEntries(
    [...line.matchAll(/-H "([^:"]+): ([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  const [, file = ''] = /-d "@([^"]+)"/.exec(line) ?? [];
  return ask(url, { method, headers, body: readFileSync(file, 'utf8'), token: null });
}
