import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startHost, type HostProcess } from '../support/host.js';
import { SAVE_FLOW, erpWorkspace } from '../support/samples.js';
import { OPERATOR_SECRET } from '../support/tokens.js';
import { START_TIMEOUT_MS } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

const COMMAND_MS = 60_000;
const PASSWORD = 'the password of 1C';
const WITH_USER = "user: '${{ env.ERP_USER ?? $omit }}', password: '${{ env.ERP_PASSWORD ?? $omit }}'";

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
}

/** A web server that sends the same answer to every request, like a 1C that cannot be used. */
class AnsweringServer {
  answer: Answer = { status: 200, body: '{}', type: 'application/json' };
  asked = 0;
  readonly #server: Server = createServer((_request, response) => {
    this.asked++;
    const { status, body = '', type = 'text/plain; charset=utf-8' } = this.answer;
    response.writeHead(status, { 'content-type': type }).end(body);
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/base/hs/gate`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

interface Line {
  readonly state: string;
  readonly text: string;
}

/** Runs `sluice doctor` as in the README, only with variables of the shell. */
async function doctor(
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<{ code: number; output: string; lines: Line[] }> {
  const options = {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...env },
    timeout: COMMAND_MS,
    encoding: 'utf8',
  } as const;
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
    execFile(process.execPath, [path.resolve('apps/cli/bin/sluice.js'), 'doctor'], options, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
  const lines = [...output.matchAll(/^(ok|problem|note) +(.*)$/gm)].map(([, state = '', text = '']) => ({ state, text }));
  return { code, output, lines };
}

const about = (lines: readonly Line[], subject: string) => lines.filter(({ text }) => text.startsWith(subject));

const REFUSALS: readonly (readonly [string, Answer, RegExp])[] = [
  ['401', { status: 401 }, /401.*ERP_USER|401.*user/i],
  ['404', { status: 404 }, /404/],
  ['a web page', { status: 200, body: '<html><body>Welcome to nginx!</body></html>', type: 'text/html' }, /page|HTML/i],
  ['the text of a missing licence', { status: 500, body: 'Не обнаружено свободной лицензии!' }, /licen[cs]e|лицензи/i],
];

let onec: AnsweringServer;
let workspace: Folder;
beforeEach(async () => {
  onec = await new AnsweringServer().listen();
  workspace = makeWorkspace({ 'sluice.yaml': erpWorkspace({ with: WITH_USER }), 'flows/save.yaml': SAVE_FLOW });
});
afterEach(() => {
  onec.close();
  workspace.remove();
});

describe('sluice doctor before the first start', () => {
  it.each(REFUSALS)('reports that 1C answered %s', async (_title, answer, pattern) => {
    onec.answer = answer;
    const home = makeFolder('home');
    try {
      const { code, lines, output } = await doctor(
        { SLUICE_HOME: home.path, SLUICE_HTTP_PORT: '0', ERP_URL: onec.url, ERP_USER: 'gate', ERP_PASSWORD: PASSWORD },
        workspace.path,
      );
      const [erp] = about(lines, 'connection erp');
      expect(erp).toEqual({ state: 'problem', text: expect.stringContaining(onec.url) });
      expect(erp?.text).toMatch(pattern);
      expect(output).not.toContain(PASSWORD);
      expect(code).toBe(1);
    } finally {
      home.remove();
    }
  });

  it('reports a usable 1C with its address and exits with 0', async () => {
    const home = makeFolder('home');
    try {
      const { code, lines } = await doctor({ SLUICE_HOME: home.path, SLUICE_HTTP_PORT: '0', ERP_URL: onec.url }, workspace.path);
      expect(about(lines, 'connection erp')).toEqual([{ state: 'ok', text: `connection erp: ${onec.url}: can be used` }]);
      expect(onec.asked).toBeGreaterThan(0);
      expect(code).toBe(0);
    } finally {
      home.remove();
    }
  });

  it('reports the emulators that npm start provides for the sample workspace, and checks the configured addresses', async () => {
    const home = makeFolder('home');
    try {
      const env = { SLUICE_HOME: home.path, SLUICE_HTTP_PORT: '0' };
      const bare = await doctor(env, path.resolve('.'));
      expect(about(bare.lines, 'connection erp:')).toEqual([
        { state: 'note', text: expect.stringContaining('ERP_URL is not set') },
      ]);
      expect(about(bare.lines, 'connection pbx:')).toEqual([
        { state: 'note', text: expect.stringContaining('PBX_HOST is not set') },
      ]);

      onec.answer = { status: 401 };
      const set = await doctor({ ...env, ERP_URL: onec.url }, path.resolve('.'));
      expect(about(set.lines, 'connection erp:')).toEqual([{ state: 'problem', text: expect.stringContaining(onec.url) }]);
      expect(about(set.lines, 'connection pbx:')).toEqual([
        { state: 'note', text: expect.stringContaining('PBX_HOST is not set') },
      ]);
    } finally {
      home.remove();
    }
  });
});

describe('sluice doctor with a home in which a host has run', () => {
  let home: Folder;
  let host: HostProcess;
  let hosted: AnsweringServer;
  let flows: Folder;
  beforeAll(async () => {
    hosted = await new AnsweringServer().listen();
    home = makeFolder('home');
    flows = makeWorkspace({ 'sluice.yaml': erpWorkspace({ with: WITH_USER }), 'flows/save.yaml': SAVE_FLOW });
    host = await startHost({ workspace: flows.path, home: home.path, env: { ERP_URL: hosted.url } });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await host?.dispose();
    hosted?.close();
    home?.remove();
    flows?.remove();
  }, START_TIMEOUT_MS);

  const beside = (more: Readonly<Record<string, string>>) =>
    doctor({ SLUICE_HOME: home.path, SLUICE_URL: host.url ?? '', SLUICE_TOKEN_SECRET: OPERATOR_SECRET, ...more }, flows.path);

  it('reports the address that the host uses', async () => {
    const { code, lines } = await beside({ ERP_URL: hosted.url });
    expect(about(lines, 'connection erp')).toEqual([{ state: 'ok', text: `connection erp: ${hosted.url}: can be used` }]);
    expect(code).toBe(0);
  });

  it('checks the address of the shell when the host uses another one', async () => {
    onec.answer = { status: 401 };
    const { code, lines } = await beside({ ERP_URL: onec.url });
    expect(about(lines, 'connection erp')).toEqual([
      { state: 'ok', text: `connection erp: ${hosted.url}: can be used` },
      { state: 'problem', text: expect.stringMatching(/^connection erp, by the variables of this shell: .*401/) },
    ]);
    expect(lines.at(-1)?.text).toContain(onec.url);
    expect(code).toBe(1);
  });

  it('reports a different address of the shell as a problem even when it is usable', async () => {
    const { code, lines } = await beside({ ERP_URL: onec.url });
    const [, shell] = about(lines, 'connection erp');
    expect(shell).toMatchObject({ state: 'problem', text: expect.stringContaining(onec.url) });
    expect(shell?.text).toMatch(/can be used.*the host uses .*restart/);
    expect(code).toBe(1);
  });

  it('does not report variables that only the host has as a problem', async () => {
    const { code, lines, output } = await beside({});
    expect(about(lines, 'connection erp')).toEqual([{ state: 'ok', text: `connection erp: ${hosted.url}: can be used` }]);
    expect(about(lines, 'workspace')).toEqual([
      { state: 'ok', text: expect.stringContaining('1 flows run') },
      { state: 'note', text: expect.stringContaining('by the variables of this shell') },
    ]);
    expect(output).toContain('the environment has no ERP_URL');
    expect(code).toBe(0);
  });

  it.each(REFUSALS)(
    'reports %s of 1C after the host has stopped, without the database and its token',
    async (_title, answer, pattern) => {
      await host.stop();
      onec.answer = answer;
      const { code, lines, output } = await doctor(
        { SLUICE_HOME: home.path, SLUICE_HTTP_PORT: '0', ERP_URL: onec.url },
        flows.path,
      );
      const [erp] = about(lines, 'connection erp');
      expect(erp).toEqual({ state: 'problem', text: expect.stringContaining(onec.url) });
      expect(erp?.text).toMatch(pattern);
      expect(output).not.toContain('SLUICE_TOKEN_SECRET');
      expect(code).toBe(1);
    },
  );
});
