import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@sluice/runtime';
import { startRabbit, type RabbitServer } from '@sluice/testing/servers';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { adminList, ask } from '../support/api.js';
import { Line } from '../support/desktop.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const LIMIT_BYTES = 64 * 1_024;

const WORKSPACE = `${erpWorkspace({ plugins: ['@sluice/plugin-tcp-gateway'] })}
  desktops: { use: tcp-gateway, with: { limits: { maxFrame: 64KiB } } }
  web: { use: http, with: { baseUrl: '\${{ env.WEB_URL }}', maxResponse: 64KiB } }
settings: { limits: { event: 64KiB } }
`;

/** Each flow returns the body that it reads: the bus flow to the web server of the test, the others to the caller. */
const FLOWS = `
sluice: 1
flow: keep
trigger: { use: event, with: { types: [body.sent] } }
steps:
  - { id: kept, use: http.request, connection: web, with: { method: PUT, path: '/kept/\${{ trigger.id }}', body: { read: '\${{ trigger.data ?? $omit }}' } } }
---
sluice: 1
flow: endpoint
trigger: { use: http.endpoint, with: { path: /in/body, respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - { id: answer, reply: { data: { read: '\${{ trigger.data ?? $omit }}' } } }
---
sluice: 1
flow: desktop
trigger: { use: tcp-gateway.message, connection: desktops }
deliver: { expires: 1m }
steps:
  - { id: answer, reply: { data: { read: '\${{ trigger.data ?? $omit }}' } } }
---
sluice: 1
flow: answer
trigger: { use: http.endpoint, with: { method: GET, path: '/in/answer/{name}', respond: reply, wait: 20s } }
deliver: { expires: 1m }
steps:
  - { id: asked, use: http.request, connection: web, with: { method: GET, path: '/answers/\${{ trigger.meta.params.name }}' } }
  - { id: answer, reply: { data: { read: '\${{ steps.asked }}' } } }
`;

/** A body as the sender encodes it. */
interface Body {
  readonly type: string;
  readonly bytes: Buffer;
  /** `Content-Encoding`. */
  readonly packed?: string;
}

const utf8 = (text: string) => Buffer.from(text);
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const CP1251 = Buffer.from([0xd2, 0xe2, 0xe5, 0xf0, 0xfc]); // Тверь
const KOI8R = Buffer.from([0xf4, 0xd7, 0xc5, 0xd2, 0xd8]); // Тверь
const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const declared = (encoding: string, city: Buffer) =>
  Buffer.concat([utf8(`<?xml version="1.0" encoding="${encoding}"?><a>`), city, utf8('</a>')]);

const STOMP = 'STOMP SEND';
const RABBIT = 'a foreign message in RabbitMQ';
const ANSWER = 'an answer to http.request';

type Case = readonly [name: string, body: Body];

const READ: readonly (readonly [...Case, value: unknown])[] = [
  ['JSON', { type: JSON_TYPE, bytes: utf8('{"city":"Тверь"}') }, { city: 'Тверь' }],
  ['JSON with a byte order mark', { type: JSON_TYPE, bytes: Buffer.concat([MARK, utf8('{"n":1}')]) }, { n: 1 }],
  [
    'JSON with a mark and a charset',
    { type: `${JSON_TYPE}; charset=utf-8`, bytes: Buffer.concat([MARK, utf8('{"n":1}')]) },
    { n: 1 },
  ],
  [
    'JSON in windows-1251',
    { type: `${JSON_TYPE}; charset=windows-1251`, bytes: Buffer.concat([utf8('["'), CP1251, utf8('"]')]) },
    ['Тверь'],
  ],
  ['JSON in UTF-16 without a byte order mark', { type: JSON_TYPE, bytes: Buffer.from('["Тверь"]', 'utf16le') }, ['Тверь']],
  ['JSON in UTF-16 by its charset', { type: `${JSON_TYPE}; charset=utf-16be`, bytes: utf16be('["Тверь"]') }, ['Тверь']],
  ['a JSON scalar', { type: JSON_TYPE, bytes: utf8('"Тверь"') }, 'Тверь'],
  ['JSON of a vendor type', { type: 'application/vnd.shop+json', bytes: utf8('[1]') }, [1]],
  [
    'XML in KOI8-R by its declaration',
    { type: 'application/xml', bytes: declared('koi8-r', KOI8R) },
    '<?xml version="1.0" encoding="koi8-r"?><a>Тверь</a>',
  ],
  [
    'XML whose charset wins over its declaration',
    { type: 'text/xml; charset="windows-1251"', bytes: declared('utf-8', CP1251) },
    '<?xml version="1.0" encoding="utf-8"?><a>Тверь</a>',
  ],
  [
    'XML in UTF-16 with a mark',
    { type: 'application/xml', bytes: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('<a>Тверь</a>', 'utf16le')]) },
    '<a>Тверь</a>',
  ],
  ['a text in windows-1251', { type: 'text/plain; charset=cp1251', bytes: CP1251 }, 'Тверь'],
  ['a text with leading and trailing white space', { type: 'text/plain', bytes: utf8(' 796 \n') }, ' 796 \n'],
  ['a form', { type: FORM, bytes: utf8('city=%D0%A2%D0%B2%D0%B5%D1%80%D1%8C&empty=') }, { city: 'Тверь', empty: '' }],
  [
    'a form in the charset that it declares',
    { type: `${FORM}; charset=windows-1251`, bytes: utf8('city=%D2%E2%E5%F0%FC') },
    { city: 'Тверь' },
  ],
  ['a form with a repeated field', { type: FORM, bytes: utf8('n=1&m=x&n=2') }, { n: ['1', '2'], m: 'x' }],
  ['a body with the encoding identity', { type: JSON_TYPE, bytes: utf8('[1]'), packed: 'identity' }, [1]],
];

const REFUSED: readonly (readonly [...Case, code: string, says: RegExp])[] = [
  [
    'bytes that are not UTF-8',
    { type: JSON_TYPE, bytes: Buffer.concat([utf8('["'), CP1251, utf8('"]')]) },
    'BODY_INVALID',
    /offset 3/,
  ],
  ['half a character', { type: 'text/plain', bytes: Buffer.from([0xd0]) }, 'BODY_INVALID', /not UTF-8/],
  [
    'a byte that windows-1251 lacks',
    { type: 'text/plain; charset=windows-1251', bytes: Buffer.of(0x98) },
    'BODY_INVALID',
    /offset 0/,
  ],
  ['an unknown charset', { type: `${JSON_TYPE}; charset=klingon`, bytes: utf8('{}') }, 'MEDIA_TYPE', /klingon/],
  ['an unknown encoding of a declaration', { type: 'text/xml', bytes: declared('x-own', CP1251) }, 'MEDIA_TYPE', /x-own/],
  [
    'UTF-16 without a mark in a text',
    { type: 'text/plain; charset=utf-16', bytes: utf16be('Т') },
    'BODY_INVALID',
    /byte order mark/,
  ],
  ['invalid JSON', { type: JSON_TYPE, bytes: utf8('{"a":\n oops}') }, 'BODY_INVALID', /line 2, column 2/],
  ['JSON with a duplicate key', { type: JSON_TYPE, bytes: utf8('{"a":1,"a":2}') }, 'BODY_INVALID', /"?a"?/],
  ['a form in another charset than it declares', { type: FORM, bytes: utf8('city=%D2%E2%E5%F0%FC') }, 'BODY_INVALID', /field 1/],
  ['a percent sign alone', { type: FORM, bytes: utf8('a=5%') }, 'BODY_INVALID', /field 1/],
  ['a type that flows cannot read', { type: 'image/png', bytes: Buffer.of(0x89, 0x50) }, 'MEDIA_TYPE', /image\/png/],
];

const GZIP: Body = { type: JSON_TYPE, bytes: gzipSync('{"n":1}'), packed: 'gzip' };
const UNKNOWN_PACKING: Body = { type: JSON_TYPE, bytes: utf8('{"n":1}'), packed: 'x-own' };
const TOO_LARGE: Body = { type: JSON_TYPE, bytes: utf8(JSON.stringify('x'.repeat(LIMIT_BYTES))) };
const ROUNDED: Body = { type: JSON_TYPE, bytes: utf8('{"account":40702810900000000001}') };
const EMPTY: Body = { type: JSON_TYPE, bytes: Buffer.alloc(0) };

/** The result of a body at an entry point: the data that a flow reads, or the code and the message of an error. */
type Outcome = { readonly read?: unknown } | { readonly code: string; readonly message: string };

describe('bodies at all entry points of a host', () => {
  let rabbit: RabbitServer;
  let connection: ChannelModel;
  let channel: ConfirmChannel;
  let web: Server;
  let stage: Stage;
  let stompPort: number;
  const kept = new Map<string, Outcome>();
  const answers = new Map<string, Body>();
  let count = 0;

  beforeAll(async () => {
    web = createServer((request, response) => {
      const name = request.url?.split('/').at(-1) ?? '';
      const answer = answers.get(name);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.method === 'PUT') kept.set(name, JSON.parse(Buffer.concat(chunks).toString()) as Outcome);
        if (answer) {
          response.setHeader('content-type', answer.type);
          if (answer.packed !== undefined) response.setHeader('content-encoding', answer.packed);
        }
        response.end(answer?.bytes);
      });
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    [rabbit, stompPort] = await Promise.all([startRabbit(), freePort()]);
    stage = await Stage.open({
      env: {
        SLUICE_RABBITMQ_URL: rabbit.url,
        SLUICE_STOMP_PORT: String(stompPort),
        WEB_URL: `http://127.0.0.1:${(web.address() as AddressInfo).port}`,
      },
      files: { 'sluice.yaml': WORKSPACE, 'flows/bodies.yaml': FLOWS },
    });
    connection = await connect(rabbit.url);
    channel = await connection.createConfirmChannel();
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await connection?.close();
    await stage?.close();
    await new Promise((resolve) => web?.close(resolve));
    await rabbit?.stop();
  }, START_TIMEOUT_MS);

  const headersOf = ({ type, packed }: Body) => ({
    ...(type !== '' && { 'content-type': type }),
    ...(packed !== undefined && { 'content-encoding': packed }),
  });
  const send = async (path: string, body: Body, headers: Readonly<Record<string, string>> = {}): Promise<Outcome> => {
    const options = { method: 'POST', headers: { ...headersOf(body), ...headers }, body: body.bytes };
    return (await ask(`${stage.url}${path}`, options)).body as Outcome;
  };
  /** Resolves with the data that the flow `keep` read, or with the error of its parked run. */
  const outcomeOf = (id: string): Promise<Outcome> =>
    until(`event ${id} to be read or parked`, async () => {
      const read = kept.get(id);
      if (read) return read;
      const runs = await adminList<ParkedRun>(stage.url, '/api/parked?limit=1000');
      return runs.find(({ event }) => event.id === id)?.error;
    });

  const DOORS: Readonly<Record<string, (body: Body) => Promise<Outcome>>> = {
    'HTTP /events': async (body) => {
      const id = `event-${++count}`;
      const answer = await send('/events/body.sent', body, { 'ce-id': id });
      return 'code' in answer ? answer : outcomeOf(id);
    },
    'http.endpoint': (body) => send('/in/body', body),
    [STOMP]: async (body) => {
      const line = await Line.open(stompPort);
      const passcode = await signToken({ sub: 'ivanov', scope: 'desktop' });
      line.send('CONNECT', { 'accept-version': '1.2', login: 'ivanov', passcode, 'heart-beat': '0,0' });
      const headers = { destination: '/flows/desktop', 'reply-to': '/user/replies/1', ...headersOf(body) };
      line.send('SEND', { ...headers, 'content-length': String(body.bytes.length) }, body.bytes);
      try {
        for await (const frame of line.frames()) {
          if (frame.command === 'ERROR')
            return { code: frame.headers.get('code') ?? '', message: `${frame.headers.get('message')} ${frame.body.toString()}` };
          if (frame.command === 'MESSAGE') return JSON.parse(frame.body.toString()) as Outcome;
        }
      } finally {
        line.close();
      }
      throw new Error('the gateway closed the connection without an answer');
    },
    [RABBIT]: async ({ type, bytes, packed }) => {
      const messageId = `foreign-${++count}`;
      channel.publish('events', 'body.sent', bytes, {
        messageId,
        ...(type !== '' && { contentType: type }),
        ...(packed !== undefined && { contentEncoding: packed }),
      });
      await channel.waitForConfirms();
      return outcomeOf(messageId);
    },
    [ANSWER]: async (body) => {
      const name = `answer-${++count}`;
      answers.set(name, body);
      return (await ask(`${stage.url}/in/answer/${name}`)).body as Outcome;
    },
  };
  const through = async (body: Body): Promise<Record<string, Outcome>> => {
    const outcomes = await Promise.all(Object.entries(DOORS).map(async ([door, enter]) => [door, await enter(body)] as const));
    return Object.fromEntries(outcomes);
  };
  /** Returns the same outcome for every entry point, except the given ones. */
  const everywhere = (outcome: object, ...others: object[]) =>
    Object.assign(Object.fromEntries(Object.keys(DOORS).map((door) => [door, outcome])), ...others) as object;
  const refused = (code: string, says: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(says) });
  /** Returns the error at every entry point. Messages of the bus and answers have their own codes, because no sender waits for them. */
  const refusedEverywhere = (code: string, says: RegExp, ...others: object[]) =>
    everywhere(
      refused(code, says),
      { [RABBIT]: refused('BODY_UNREADABLE', says), [ANSWER]: refused('BAD_ANSWER', says) },
      ...others,
    );

  it.each(READ)('reads %s', async (_name, body, value) => {
    expect(await through(body)).toEqual(everywhere({ read: value }));
  });

  it.each(REFUSED)('rejects %s', async (_name, body, code, says) => {
    expect(await through(body)).toEqual(refusedEverywhere(code, says));
  });

  it('reads an empty body as no data', async () => {
    expect(await through(EMPTY)).toEqual(everywhere({}, { [ANSWER]: { read: null } }));
  });

  it('rejects a number that would be rounded, but reads it as a string in an answer', async () => {
    const read = { read: { account: '40702810900000000001' } };
    expect(await through(ROUNDED)).toEqual(refusedEverywhere('BODY_INVALID', /\/account/, { [ANSWER]: read }));
  });

  it('rejects a compressed body, but decompresses an answer', async () => {
    expect(await through(GZIP)).toEqual(refusedEverywhere('MEDIA_TYPE', /encoded.*gzip/, { [ANSWER]: { read: { n: 1 } } }));
  });

  it('rejects an unknown content encoding', async () => {
    expect(await through(UNKNOWN_PACKING)).toEqual(refusedEverywhere('MEDIA_TYPE', /x-own/));
  });

  it('limits the size of a body', async () => {
    const stomp = { [STOMP]: refused('STOMP_LIMIT', /larger than 65536 bytes/) };
    const rabbit = { [RABBIT]: refused('BODY_TOO_LARGE', /65538 bytes/) };
    expect(await through(TOO_LARGE)).toEqual(refusedEverywhere('BODY_TOO_LARGE', /larger than.*65536 bytes/, stomp, rabbit));
  });

  it('uses the content encoding of a RabbitMQ message as charset where it is one', async () => {
    const body = { type: 'text/plain', bytes: CP1251, packed: 'windows-1251' };
    expect(await DOORS[RABBIT]?.(body)).toEqual({ read: 'Тверь' });
  });
});

interface ParkedRun {
  readonly event: { readonly id: string };
  readonly error: { readonly code: string; readonly message: string };
}
