import { readFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CERTIFICATE } from '@sluice/testing';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { Asterisk, PORTS, Reader, realRoot, TLS_PORT } from './support/asterisk.js';
import { differences } from './support/judge.js';
import { openProduct, Product, Stage } from './support/stage.js';

const CLIENT = '79161234567';
const PERSON = '79161110000';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
}, START_TIMEOUT_MS);

afterAll(() => stage?.close(), START_TIMEOUT_MS);

describe('the manager interface over TLS', () => {
  it('connects with the configured authority', async () => {
    const opened = await openProduct('sluice', { port: TLS_PORT, tls: { ca: CERTIFICATE } });
    const { items } = await opened.client.list({ Action: 'CoreShowChannels' });
    expect(items).toEqual([]);
    await opened.close();
  });

  it.each([
    ['another authority', { ca: rootCertificates[0] }],
    ['no authority', {}],
  ])('rejects the certificate with %s', async (_title, tls) => {
    await expect(openProduct('sluice', { port: TLS_PORT, tls })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/certificate/),
    });
  });
});

describe('names of callers', () => {
  // Asterisk 22 replaces bytes of a SIP name that are not UTF-8 by U+FFFD, Asterisk 16 passes them on
  it.each([
    ['quotes, commas and semicolons', 'O\'Reilly; "VIP", <x>', 'utf8', 'utf-8', undefined],
    ['emoji', 'Пётр 😀', 'utf8', 'utf-8', 'Пётр 😀'],
    [
      'bytes of windows-1251',
      Buffer.from([0xc8, 0xe2, 0xe0, 0xed]).toString('latin1'),
      'latin1',
      'windows-1251',
      /^(Иван|(пїЅ)+)$/,
    ],
    ['bytes that are not UTF-8', Buffer.from([0xc8, 0xe2]).toString('latin1'), 'latin1', 'utf-8', '\ufffd\ufffd'],
  ] as const)('reads a name with %s', async (_title, fromName, encoding, charset, expected) => {
    await stage.product.close();
    stage.product = new Product(stage.product.phases, stage.product.times);
    await stage.product.open({ charset });
    const seen = await stage.play(() => stage.call({ from: CLIENT, fromName, to: '74951234502', talk: 2, encoding }));
    expect(seen.phases.map(({ phase }) => phase)).toEqual(['ringing', 'answered', 'finished']);
    const asTheExchangeHasIt = seen.events.find(({ Event }) => Event === 'Newchannel')?.['CallerIDName'];
    for (const { fromName: told } of seen.phases)
      if (expected instanceof RegExp) expect(told).toMatch(expected);
      else expect(told).toBe(expected ?? asTheExchangeHasIt);
    expect(differences(seen)).toEqual([]);
  });
});

/** A proxy to the manager interface that can reset its connections and refuse new ones until it is repaired. */
class Cable {
  private readonly sockets = new Set<Socket>();
  private isBroken = false;

  private constructor(private readonly server: Server) {}

  static async lay(): Promise<Cable> {
    const server = createServer();
    const cable = new Cable(server);
    server.on('connection', (near) => cable.join(near));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  cut(): void {
    this.isBroken = true;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.isBroken = false;
  }

  async remove(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(near: Socket): void {
    if (this.isBroken) return void near.resetAndDestroy();
    const far = connect(PORTS.exchange, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  }
}

describe('a network that is cut in the middle of calls', () => {
  it('continues open calls, and reports no seconds that it did not observe', async () => {
    const cable = await Cable.lay();
    await stage.product.close();
    stage.product = new Product(stage.product.phases, stage.product.times);
    await stage.product.open({ port: cable.port });
    const seen = await stage.play(async () => {
      await stage.call({ from: CLIENT, to: '74951234567', talk: 9 });
      await stage.talking('PJSIP/trunk-');
      cable.cut();
      await expect(stage.product.opened?.client.ask({ Action: 'Ping' })).rejects.toMatchObject({ code: 'AMI_CUT_OFF' });
      await stage.call({ from: '79167654321', to: '74951234502', talk: 6 });
      await stage.talking('PJSIP/102-');
      cable.mend();
      await stage.product.open({ port: cable.port });
    });
    const phasesOf = (caller: string) => seen.phases.filter(({ from }) => from === caller);
    expect(phasesOf(CLIENT).map(({ phase }) => phase)).toEqual(['ringing', 'answered', 'finished']);
    expect(phasesOf(CLIENT).at(-1)).toMatchObject({ extension: '101', answered: true, talking: 9, recovered: false });
    expect(phasesOf('79167654321')).toMatchObject([
      { phase: 'finished', to: '74951234502', extension: '102', answered: true, talking: null, recovered: true },
    ]);
    await stage.product.close();
    await cable.remove();
    stage.product = new Product(stage.product.phases, stage.product.times);
    await stage.product.open();
  });
});

describe('an exchange that is killed while it dials', () => {
  it('leaves one dial order with an unknown result and does not repeat it', async () => {
    const order = { number: PERSON, via: 'PJSIP/{number}@trunk', context: 'campaign', ring: '20s' };
    // the database of the exchange outlives the tests
    const run = `killed-${Date.now()}`;
    const channelId = `sluice-${run}-dial-1`;
    const dialled = stage.product.opened?.actions.dial(order, { id: `${run}/dial`, attempt: 1 });
    const lost = expect(dialled).rejects.toMatchObject({ code: 'AMI_CUT_OFF', fate: 'retry' });
    await stage.awaitEvent(({ Event, Channel }) => Event === 'Newchannel' && Channel?.startsWith('PJSIP/trunk') === true);
    // Asterisk writes its database to disk about once a second
    const database = path.join(realRoot(), 'var/lib/asterisk-exchange/astdb.sqlite3');
    await until('the note on disk', () => readFileSync(database).includes(`sluice-${run}-dial`));
    await stage.exchange.end('SIGKILL');
    await lost;
    await stage.worldReader.act({ Action: 'Hangup', Channel: '/.*/' });
    stage.exchange = await Asterisk.start('exchange');
    stage.reader = await Reader.open(PORTS.exchange);
    await stage.product.open();
    await until('the end of the call', () =>
      stage.product.phases.some(({ phase, call }) => phase === 'finished' && call === channelId),
    );
    const repeated = await stage.product.opened?.actions.dial(order, { id: `${run}/dial`, attempt: 2 });
    expect(repeated).toMatchObject({ result: 'unknown', attempts: 1, channelId });
    expect(stage.reader.events.filter(({ Event }) => Event === 'Newchannel')).toEqual([]);
  });
});
