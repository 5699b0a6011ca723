import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { CERTIFICATE, KEY } from '@sluice/testing';
import { until } from '../../support/until.js';

const CONFIGURATIONS = path.join(import.meta.dirname, '..', 'asterisk');
/** Configuration files of the Debian package that are used unchanged. */
const DEFAULTS = ['indications.conf', 'acl.conf', 'ccss.conf', 'udptl.conf'];
const START_TIMEOUT_MS = 120_000;

/** Manager ports in `manager.conf`: of the tested exchange, and of the Asterisk that simulates telephones and outside callers. */
export const PORTS = { exchange: 25038, world: 25039 } as const;
/** The manager interface of the exchange over TLS. */
export const TLS_PORT = 25040;
export const SECRET = 's3cret';

export type Name = keyof typeof PORTS;

/** Returns the folder that is the root of the Asterisks. Throws outside of `npm run test:real`. */
export function realRoot(): string {
  const root = process.env['SLUICE_REAL_ROOT'];
  if (root === undefined) throw new Error('these tests need real servers: run them with "npm run test:real"');
  return root;
}

/** A running Asterisk process. */
export class Asterisk {
  private constructor(
    readonly name: Name,
    private readonly child: ChildProcess,
  ) {}

  /** Starts Asterisk with the configuration of the tests and resolves once its manager interface accepts the reader. */
  static async start(name: Name): Promise<Asterisk> {
    const root = realRoot();
    configure(root, name);
    const log = openSync(path.join(root, `${name}.log`), 'a');
    const line = [root, '/usr/sbin/asterisk', '-C', `/etc/asterisk-${name}/asterisk.conf`, '-f', '-n', '-q'];
    const child = spawn('chroot', line, { stdio: ['ignore', log, log] });
    writeFileSync(path.join(root, `${name}.pid`), String(child.pid));
    const isUp = async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: see ${root}/${name}.log`);
      const reader = await Reader.open(PORTS[name]);
      reader.close();
      return true;
    };
    await until(`the manager interface of ${name}`, isUp, START_TIMEOUT_MS);
    return new Asterisk(name, child);
  }

  /** Resolves once the process has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    await ended;
  }
}

function configure(root: string, name: Name): void {
  const folder = path.join(root, 'etc', `asterisk-${name}`);
  for (const kind of ['lib', 'spool', 'run', 'log'])
    mkdirSync(path.join(root, 'var', kind, `asterisk-${name}`), { recursive: true });
  for (const kind of ['cdr-custom', 'cel-custom'])
    mkdirSync(path.join(root, 'var/log', `asterisk-${name}`, kind), { recursive: true });
  mkdirSync(folder, { recursive: true });
  for (const file of DEFAULTS) copyFileSync(path.join(root, 'etc/asterisk', file), path.join(folder, file));
  writeFileSync(path.join(folder, 'tls.pem'), KEY.trimStart() + CERTIFICATE.trimStart());
  const own = path.join(CONFIGURATIONS, name);
  for (const file of readdirSync(own)) {
    const text = readFileSync(path.join(own, file), 'utf8');
    writeFileSync(path.join(folder, file), text.replace('@MODULES@', modulesOf(root)));
  }
}

function modulesOf(root: string): string {
  const folders = [
    '/usr/lib/asterisk/modules',
    '/usr/lib/x86_64-linux-gnu/asterisk/modules',
    '/usr/lib/aarch64-linux-gnu/asterisk/modules',
  ];
  const isThere = (folder: string) => {
    try {
      return readdirSync(path.join(root, folder)).includes('app_dial.so');
    } catch {
      return false;
    }
  };
  const found = folders.find(isThere);
  if (found === undefined) throw new Error(`no modules of Asterisk in ${root}`);
  return found;
}

/** The fields of a packet; a repeated field has its last value. */
export type Fields = Readonly<Record<string, string>>;

/** A call record of `cdr_custom`. Durations are in seconds with fractions. */
export interface CallRecord {
  readonly src: string;
  readonly dst: string;
  readonly channel: string;
  readonly dstChannel: string;
  readonly duration: number;
  readonly billsec: number;
  readonly disposition: string;
  readonly uniqueid: string;
  readonly linkedid: string;
}

/** Returns the call records that the exchange has written so far. */
export function callRecords(): readonly CallRecord[] {
  return linesOf('cdr-custom').map((fields) => {
    const [src = '', dst = '', channel = '', dstChannel = '', duration, billsec, disposition = '', uniqueid = '', linkedid = ''] =
      fields;
    const [seconds, billed] = [Number(duration), Number(billsec)];
    return { src, dst, channel, dstChannel, duration: seconds, billsec: billed, disposition, uniqueid, linkedid };
  });
}

/** One entry of the channel event log. */
export interface ChannelEvent {
  readonly type: string;
  /** Milliseconds since 1970, with fractions. */
  readonly at: number;
  readonly number: string;
  readonly exten: string;
  readonly channel: string;
  readonly uniqueid: string;
  readonly linkedid: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Returns the channel event log that the exchange has written so far. */
export function channelEvents(): readonly ChannelEvent[] {
  return linesOf('cel-custom').map((fields) => {
    const [type = '', time, number = '', exten = '', channel = '', uniqueid = '', linkedid = '', extra = ''] = fields;
    const more = (extra === '' ? {} : JSON.parse(extra)) as ChannelEvent['extra'];
    return { type, at: Number(time) * 1_000, number, exten, channel, uniqueid, linkedid, extra: more };
  });
}

function linesOf(kind: 'cdr-custom' | 'cel-custom'): readonly (readonly string[])[] {
  const file = path.join(realRoot(), 'var/log/asterisk-exchange', kind, 'Master.csv');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
    ),
  );
}

/** A manager session that shares no code with the connector. */
export class Reader {
  /** The received events, in order. */
  readonly events: Fields[] = [];
  private readonly answers = new Map<string, (fields: Fields, text: string) => void>();
  private text = '';
  private asked = 0;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.read(chunk.toString('utf8')));
    socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<Reader> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const reader = new Reader(socket);
    const { fields } = await reader.act({ Action: 'Login', Username: 'reader', Secret: SECRET, Events: 'on' });
    if (fields['Response'] !== 'Success') throw new Error(`the reader cannot log in: ${fields['Message']}`);
    return reader;
  }

  /** Sends an action and resolves with the parsed answer and its original text. Rejects after ten seconds. */
  act(
    action: Readonly<Record<string, string | number>>,
    encoding: BufferEncoding = 'utf8',
  ): Promise<{ readonly fields: Fields; readonly text: string }> {
    const id = `reader-${++this.asked}`;
    const lines = Object.entries({ ...action, ActionID: id }).map(([key, value]) => `${key}: ${value}\r\n`);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no answer to ${action['Action']}`)), 10_000);
      this.answers.set(id, (fields, text) => {
        clearTimeout(late);
        resolve({ fields, text });
      });
      this.socket.write(Buffer.from(`${lines.join('')}\r\n`, encoding));
    });
  }

  /** Sends an action that must succeed. */
  async must(action: Readonly<Record<string, string | number>>, encoding?: BufferEncoding): Promise<Fields> {
    const { fields } = await this.act(action, encoding);
    if (fields['Response'] !== 'Success') throw new Error(`${action['Action']}: ${fields['Message']}`);
    return fields;
  }

  close(): void {
    this.socket.destroy();
  }

  private read(chunk: string): void {
    this.text += chunk;
    for (let end = this.text.indexOf('\r\n\r\n'); end !== -1; end = this.text.indexOf('\r\n\r\n')) {
      const text = this.text.slice(0, end);
      this.text = this.text.slice(end + 4);
      const fields: Record<string, string> = {};
      for (const line of text.split('\r\n')) {
        const colon = line.indexOf(':');
        fields[line.slice(0, colon)] = line.slice(colon + 1).trim();
      }
      if (fields['Event'] !== undefined) this.events.push(fields);
      else this.answers.get(fields['ActionID'] ?? '')?.(fields, text);
    }
  }
}
