import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, post } from '../support/api.js';
import { Line } from '../support/desktop.js';
import { startGateways, type Gateways } from '../support/gateways.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-tcp-gateway', '@sluice/plugin-conversations']
connections:
  desktops: { use: tcp-gateway }
  talks: { use: conversations, with: { attachments: { maxSize: 8MiB } } }
`;

const FLOWS = `
sluice: 1
flow: approval
trigger: { use: event, with: { types: [order.approval] } }
steps:
  - id: request
    use: conversations.post
    connection: talks
    timeout: 5m
    with:
      bot: Approvals
      discussion: \${{ trigger.data.discussion }}
      text: Approve the order?
      buttons: [[{ id: yes, text: Yes, action: approve, data: { order: 5 } }]]
      waitFor: button
  - id: told
    use: conversations.post
    connection: talks
    with: { bot: Approvals, discussion: '\${{ trigger.data.discussion }}', text: 'Result: \${{ steps.request.action ?? "none" }} \${{ steps.request.data.order ?? 0 }}' }
---
sluice: 1
flow: price
trigger: { use: conversations.message, connection: talks, with: { bot: Approvals, on: [command], commands: [price] } }
steps:
  - id: answer
    use: conversations.post
    connection: talks
    with: { bot: Approvals, discussion: '\${{ trigger.data.discussion.id }}', text: 'Price of \${{ trigger.data.rest ?? "" }}: 100', replyTo: '\${{ trigger.data.message.seq }}' }
`;

interface Message {
  readonly seq: number;
  readonly text: string;
  readonly replyTo?: number;
  readonly attachments: readonly { readonly id: string }[];
}

describe('conversations on a host', () => {
  let gateways: Gateways;
  let anna: string;
  let boris: string;
  let discussion: string;
  let feed: Line;
  const live: { readonly event: string; readonly data: Message }[] = [];

  const api = (path: string) => `${gateways.hosts[0]?.url}/api/conversations/talks${path}`;
  const said = (content: string) => until(`the message "${content}"`, () => live.find(({ data }) => data.text === content)?.data);

  beforeAll(async () => {
    gateways = await startGateways({ 'sluice.yaml': WORKSPACE, 'flows/all.yaml': FLOWS }, {}, [undefined]);
    anna = await signToken({ sub: 'anna', scope: 'conversations desktop' });
    boris = await signToken({ sub: 'boris', scope: 'conversations desktop' });
    const opened = await post(api('/discussions'), { kind: 'contextual', key: 'order 5', title: 'Order 5' }, { token: anna });
    expect(opened).toMatchObject({ status: 200, body: { created: true } });
    const { id, members } = (opened.body as { discussion: { id: string; members: { person: string }[] } }).discussion;
    discussion = id;
    feed = await Line.open(gateways.ports[0] ?? 0);
    feed.send('CONNECT', { 'accept-version': '1.2', login: 'anna', passcode: anna, 'heart-beat': '0,0' });
    feed.send('SUBSCRIBE', { id: 'f', destination: `/conversations/talks/people/${members[0]?.person}`, receipt: 'subscribed' });
    let isSubscribed = false;
    const listen = async () => {
      for await (const { command, headers, body } of feed.frames()) {
        if (command === 'RECEIPT') isSubscribed = true;
        if (command === 'MESSAGE') live.push({ event: headers.get('event') ?? '', data: JSON.parse(body.toString()) as Message });
      }
    };
    // ends with an error when the test closes the connection
    void listen().catch(() => undefined);
    await until('the subscription of the feed', () => isSubscribed);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    feed?.close();
    await gateways?.close();
  }, START_TIMEOUT_MS);

  it('answers a command by the bot of a flow, and continues a run when a button is pressed', async () => {
    const sent = await post(`${gateways.hosts[0]?.url}/events/order.approval`, { discussion });
    expect(sent.status).toBe(202);
    const request = await said('Approve the order?');
    await post(api(`/discussions/${discussion}/messages`), { clientId: randomUUID(), text: '/price bread' }, { token: anna });
    expect(await said('Price of bread: 100')).toMatchObject({ replyTo: 2 });
    const press = () =>
      post(api(`/discussions/${discussion}/messages/${request.seq}/buttons/yes`), { clientId: 'press' }, { token: anna });
    expect((await press()).status).toBe(204);
    await said('Result: approve 5');
    // the run has gone on: the same press is known, another one has no effect
    expect((await press()).status).toBe(204);
    const late = await post(
      api(`/discussions/${discussion}/messages/${request.seq}/buttons/yes`),
      { clientId: 'late' },
      { token: anna },
    );
    expect(late).toMatchObject({ status: 400, body: { code: 'CONVERSATIONS_INVALID' } });
  });

  it('stores files of any type that are larger than events, and returns active ones as bytes', async () => {
    const upload = (type: string, body: Uint8Array, name = 'file') =>
      ask(api(`/attachments?name=${name}`), { method: 'POST', token: anna, body, headers: { 'content-type': type } });
    const large = Buffer.from(Array.from({ length: 6 * 1024 ** 2 }, (_, n) => (n * 31) % 251));
    const html = Buffer.from('<script>alert(1)</script>');
    const json = Buffer.from('{ "not": "parsed"');
    const files: { readonly bytes: Buffer; readonly type: string; readonly id: string }[] = [];
    for (const [type, bytes] of [
      ['image/png', large],
      ['text/html', html],
      ['application/json', json],
    ] as const) {
      const { status, body } = await upload(type, bytes);
      expect({ status, body }).toMatchObject({ status: 201, body: { bytes: bytes.length, type, isShown: true } });
      files.push({ bytes, type, id: (body as { id: string }).id });
    }
    const posted = await post(
      api(`/discussions/${discussion}/messages`),
      { clientId: randomUUID(), text: 'files', attachments: files.map(({ id }) => id) },
      { token: anna },
    );
    expect((posted.body as { message: Message }).message.attachments.map(({ id }) => id)).toEqual(files.map(({ id }) => id));
    const open = await post(api('/discussions'), { kind: 'contextual', key: 'order 5' }, { token: boris });
    expect(open).toMatchObject({ status: 200, body: { created: false } });
    for (const { bytes, type, id } of files) {
      const answer = await fetch(api(`/attachments/${id}`), { headers: { authorization: `Bearer ${boris}` } });
      const hash = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
      expect(hash(new Uint8Array(await answer.arrayBuffer()))).toBe(hash(bytes));
      expect(answer.headers.get('content-type')).toBe(type === 'image/png' ? type : 'application/octet-stream');
      expect(answer.headers.get('content-disposition')).toMatch(type === 'image/png' ? /^inline/ : /^attachment/);
      expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    }
    expect((await upload('image/png', Buffer.alloc(9 * 1024 ** 2))).status).toBe(413);
    expect((await ask(api('/attachments?name=x'), { method: 'POST', token: null, body: 'x' })).status).toBe(401);
  });
});
