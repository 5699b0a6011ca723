import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@sluice/runtime';
import { admin, post } from '../support/api.js';
import { HostProcess } from '../support/host.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

const CLIENT_MS = 60_000;
/** Heartbeat interval in milliseconds; the host disconnects a client after twice this time. */
const HEART_BEAT_MS = 1_000;

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-tcp-gateway']
connections:
  desktops: { use: tcp-gateway, with: { heartBeat: 1s } }
`;
const FLOW = `
sluice: 1
flow: notify
trigger: { use: event, with: { types: [notify.user] } }
steps:
  - id: show
    use: tcp-gateway.send
    connection: desktops
    with: { to: { user: '\${{ trigger.data.user }}' }, event: notified, data: '\${{ trigger.data.text }}' }
`;

interface Client {
  readonly name: string;
  /** The command inside the Debian folder; absent: the client runs in Node on this machine. */
  readonly interpreter?: readonly string[];
  readonly script: string;
  readonly beats: boolean;
  readonly receipts: boolean;
  /** The part of the ERROR frame that the client shows. */
  readonly refusal: RegExp;
}

const CLIENTS: readonly Client[] = [
  {
    name: 'stomp.py',
    interpreter: ['/usr/bin/python3', '-'],
    script: 'client.py',
    beats: true,
    receipts: true,
    refusal: /^TOKEN_INVALID$/,
  },
  {
    name: 'ruby-stomp',
    interpreter: ['ruby', '-'],
    script: 'client.rb',
    beats: true,
    receipts: true,
    refusal: /^TOKEN_INVALID$/,
  },
  {
    name: 'Net::Stomp',
    interpreter: ['perl', '-'],
    script: 'client.pl',
    beats: false,
    receipts: false,
    refusal: /^TOKEN_INVALID$/,
  },
  {
    name: 'php-stomp',
    interpreter: ['php', '--'],
    script: 'client.php',
    beats: false,
    receipts: false,
    refusal: /the signature is not made with the key/,
  },
  { name: 'stompit', script: 'stompit.mjs', beats: true, receipts: true, refusal: /the signature is not made with the key/ },
  { name: 'webstomp-client', script: 'webstomp.mjs', beats: true, receipts: false, refusal: /^TOKEN_INVALID$/ },
];

/** Returns the output of a client, line by line. */
interface Shown {
  readonly event?: string;
  readonly redelivered?: string | null;
  readonly receipt?: string;
  readonly error?: string;
}

describe('unmodified public STOMP clients', () => {
  let workspace: Folder;
  let home: Folder;
  let host: HostProcess;
  let stompPort: number;
  const running = new Set<ReturnType<typeof spawn>>();

  beforeAll(async () => {
    workspace = makeWorkspace({ 'sluice.yaml': WORKSPACE, 'flows/notify.yaml': FLOW });
    home = makeFolder('home');
    stompPort = await freePort();
    host = new HostProcess({ workspace: workspace.path, home: home.path, env: { SLUICE_STOMP_PORT: String(stompPort) } });
    await host.start();
  }, START_TIMEOUT_MS);
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
  });
  afterAll(async () => {
    await host?.stop();
    workspace?.remove();
    home?.remove();
  });

  /** Runs a client until it ends and appends its output to `shown`. */
  const run = ({ interpreter, script, name }: Client, token: string, part: 'look' | 'late', count: number) => {
    const file = path.resolve('test/real/stomp', script);
    const port = name === 'webstomp-client' ? new URL(host.url ?? '').port : String(stompPort);
    const line = interpreter ? ['chroot', process.env['SLUICE_REAL_CLIENTS'] ?? '/', ...interpreter] : [process.execPath, file];
    const child = spawn(line[0] as string, [...line.slice(1), port, token, part, String(count)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: CLIENT_MS,
      killSignal: 'SIGKILL',
    });
    running.add(child);
    const shown: Shown[] = [];
    let complaints = '';
    child.stderr.on('data', (piece: Buffer) => (complaints += piece.toString()));
    createInterface(child.stdout).on('line', (text) => shown.push(JSON.parse(text) as Shown));
    if (interpreter) createReadStream(file).pipe(child.stdin);
    const ended = once(child, 'close').then(([code]) => {
      running.delete(child);
      if (code !== 0) throw new Error(`${name} ended with ${String(code)}:\n${complaints}`);
      return shown;
    });
    return { shown, ended };
  };
  const put = async (user: string, text: string) => {
    expect((await post(`${host.url ?? ''}/events/notify.user`, { user, text })).status).toBeLessThan(300);
  };
  interface Online {
    readonly items: readonly { readonly waiting: number; readonly sessions: readonly { readonly since: string }[] }[];
  }
  const look = async (user: string) => (await admin<Online>(host.url ?? '', `/desktops?user=operator/${user}`)).items[0];
  const waits = (user: string, count: number) =>
    until(`${count} events to wait`, async () => (await look(user))?.waiting === count);

  describe.each(CLIENTS)('$name', (client) => {
    const user = client.name.replaceAll(/\W+/g, '-').toLowerCase();

    it('stays connected, and gets unacknowledged events again after a reconnect, also after a late ACK', async () => {
      const token = await signToken({ sub: user, scope: 'desktop' });
      const first = run(client, token, 'look', 1);
      await until('a session that is older than four heart-beats', async () => {
        const since = (await look(user))?.sessions[0]?.since;
        return since !== undefined && (!client.beats || Date.now() - Date.parse(since) > 4 * HEART_BEAT_MS);
      });
      await put(user, 'первое 1️⃣');
      const receipts = client.receipts ? [{ receipt: 'bye' }] : [];
      const seen = (shown: readonly Shown[]) =>
        shown.map(({ redelivered, ...rest }) => ({ ...rest, ...(redelivered && { redelivered }) }));
      expect(seen(await first.ended)).toEqual([{ event: '"первое 1️⃣"' }, ...receipts]);
      for (const text of ['second', 'third']) await put(user, text);
      await waits(user, 3);
      const second = await run(client, token, 'late', 3).ended;
      expect(second.filter(({ receipt }) => receipt !== undefined)).toEqual([...receipts, ...receipts]);
      const events = seen(second.filter(({ event }) => event !== undefined));
      expect(events.slice(0, 3)).toEqual([
        { event: '"первое 1️⃣"', redelivered: 'true' },
        { event: '"second"' },
        { event: '"third"' },
      ]);
      const repeated = events.slice(3);
      expect(repeated.at(-1)?.event).toBe('"third"');
      expect(repeated.every(({ redelivered }) => redelivered === 'true')).toBe(true);
      await waits(user, 0);
    });

    it('gets the reason of a rejected CONNECT', async () => {
      const token = await signToken({ sub: user, scope: 'desktop', secret: 'a secret that is not that of the operator' });
      expect(await run(client, token, 'look', 1).ended).toEqual([{ error: expect.stringMatching(client.refusal) }]);
    });
  });
});
