import { randomUUID } from 'node:crypto';
import type { MailServer } from '../load/lib/mail-server.mjs';
import type { SluiceClients, SluicePerson } from '../load/lib/sluice-client.mjs';
import { ask, post as send } from './api.js';
import { FAULT_TIMEOUT_MS } from './storm.js';
import { signToken } from './tokens.js';
import { until } from './until.js';

interface Message {
  readonly seq: number;
  readonly text: string;
  readonly version: number;
  readonly deletedAt?: string;
  readonly reactions: readonly { readonly emoji: string; readonly people: readonly string[] }[];
  readonly attachments: readonly { readonly id: string }[];
}
interface Page {
  readonly messages: readonly Message[];
  readonly lastSeq: number;
}

export interface OperationContext {
  readonly clients: SluiceClients;
  /** Two people for the operation, who are known to the server. */
  readonly people: readonly [SluicePerson, SluicePerson];
  /** The mail server of the hosts. */
  readonly mail: MailServer;
  readonly isOver: () => boolean;
}

/** Repeats an operation until it may end. Resolves with the differences between what was confirmed and what the server has then. */
type Operation = (context: OperationContext) => Promise<readonly string[]>;

const MAX_ROUNDS = 400;
/** Buttons of one message: ten rows of eight. */
const BUTTON_ROWS = 10;
const BUTTONS_OF_A_ROW = 8;
const PEOPLE_OF_AN_IMPORT = 20;
/** An issued key is accepted by all hosts within 5 s. */
const KEY_TIMEOUT_MS = 20_000;
const MISSING = 'CONVERSATIONS_MISSING';

/** Codes of calls that a killed host or server has interrupted. */
const TRANSIENT = /^(ECONN|EPIPE|UND_ERR|NO_HOST|UNREACHABLE$|STORE_UNAVAILABLE$|BUS_UNAVAILABLE$|5\d\d$)/;

/** Repeats a call that the fault interrupts. Any other error rejects. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  const { answer, refusal } = await until(
    'a host to answer',
    async (): Promise<{ answer?: T; refusal?: Error }> => {
      try {
        return { answer: await work() };
      } catch (error) {
        if (TRANSIENT.test(codeOf(error))) throw error;
        return { refusal: error as Error };
      }
    },
    FAULT_TIMEOUT_MS,
  );
  if (refusal) throw refusal;
  return answer as T;
}

const codeOf = (error: unknown) => {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  return String(code ?? cause?.code);
};

function openGroup(owner: SluicePerson, others: readonly SluicePerson[] = []): Promise<string> {
  const body = { kind: 'group', title: 'operations', members: others.map(({ id }) => id) };
  return persistently(async () => (await owner.call<{ discussion: { id: string } }>('POST', '/discussions', body)).discussion.id);
}

function post(author: SluicePerson, discussion: string, text: string, more: object = {}): Promise<Message> {
  const body = { clientId: randomUUID(), text, ...more };
  return persistently(
    async () => (await author.call<{ message: Message }>('POST', `/discussions/${discussion}/messages`, body)).message,
  );
}

/** Returns all messages of a discussion, and a difference if their seqs have gaps. */
async function readAll(person: SluicePerson, discussion: string): Promise<{ messages: readonly Message[]; gaps: string[] }> {
  const messages: Message[] = [];
  for (;;) {
    const path = `/discussions/${discussion}/messages?after=${messages.length}&limit=100`;
    const page = await persistently(() => person.call<Page>('GET', path));
    messages.push(...page.messages);
    const gaps = messages.flatMap(({ seq }, n) => (seq === n + 1 ? [] : [`seq ${seq} at place ${n + 1}`]));
    if (gaps.length > 0 || page.messages.length === 0) {
      if (messages.length !== page.lastSeq) gaps.push(`${messages.length} messages, and the last seq is ${page.lastSeq}`);
      return { messages, gaps };
    }
  }
}

const compare = (what: string, found: unknown, expected: unknown): readonly string[] =>
  JSON.stringify(found) === JSON.stringify(expected)
    ? []
    : [`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`];

/** Flows that the operations need: one posts a message with buttons, the other one reports each press. */
export const OPERATION_FLOWS = `
sluice: 1
flow: panel
trigger: { use: http.endpoint, with: { path: /in/panel } }
deliver: { dedupe: { key: '\${{ trigger.data.key }}', within: 1d } }
steps:
  - id: open
    use: conversations.open
    connection: chat
    with: { bot: Panel, key: '\${{ trigger.data.key }}', title: panel }
  - id: show
    use: conversations.post
    connection: chat
    with: { bot: Panel, discussion: '\${{ steps.open.discussion }}', text: panel, buttons: '\${{ trigger.data.buttons }}' }
---
sluice: 1
flow: presses
trigger: { use: conversations.message, connection: chat, with: { bot: Panel, on: [button] } }
steps:
  - id: report
    use: conversations.post
    connection: chat
    with: { bot: Panel, discussion: '\${{ trigger.data.discussion.id }}', text: 'pressed \${{ trigger.data.pressed.button ?? "" }}' }
`;

/** Sends a request and resolves with the body of the answer; rejects with the status. */
async function request<Answer>(work: () => Promise<{ readonly status: number; readonly body: unknown }>): Promise<Answer> {
  const { status, body } = await work();
  if (status >= 300) throw Object.assign(new Error(JSON.stringify(body)), { code: (body as { code?: string }).code ?? status });
  return body as Answer;
}

/** Operations during which a host is killed, by name. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'opening one key from many places at once': async ({ people, isOver }) => {
    const differences: string[] = [];
    for (let round = 0; round < MAX_ROUNDS && !isOver(); round++) {
      const body = { kind: 'contextual', key: randomUUID(), title: 'order', members: people.map(({ id }) => id) };
      const openings = Array.from({ length: 10 }, (_, n) => {
        const caller = people[n % 2] ?? people[0];
        const members = body.members.filter((id) => id !== caller.id);
        return persistently(async () => {
          const { discussion } = await caller.call<{ discussion: { id: string } }>('POST', '/discussions', { ...body, members });
          return discussion.id;
        });
      });
      const ids = new Set(await Promise.all(openings));
      if (ids.size !== 1) differences.push(`${body.key}: ${[...ids].join(', ')}`);
    }
    return differences;
  },

  'posting the same message from two workplaces': async ({ people: [author], isOver }) => {
    const discussion = await openGroup(author);
    const posted: string[] = [];
    const differences: string[] = [];
    for (let round = 0; round < MAX_ROUNDS && !isOver(); round++) {
      const text = `message ${round}`;
      const clientId = randomUUID();
      posted.push(text);
      const [one, other] = await Promise.all([1, 2].map(() => post(author, discussion, text, { clientId })));
      if (one?.seq !== other?.seq) differences.push(`${text}: ${one?.seq} and ${other?.seq}`);
    }
    const { messages, gaps } = await readAll(author, discussion);
    return [
      ...differences,
      ...gaps,
      ...compare(
        'messages',
        messages.map(({ text }) => text),
        posted,
      ),
    ];
  },

  'editing a message': async ({ people: [author], isOver }) => {
    const discussion = await openGroup(author);
    const { seq } = await post(author, discussion, 'version 1');
    const path = `/discussions/${discussion}/messages/${seq}`;
    const texts = ['version 1'];
    for (let version = 1; version <= MAX_ROUNDS && !isOver(); version++) {
      const text = `version ${version + 1}`;
      texts.push(text);
      await persistently(async () => {
        // the answer to an edit may be lost after its commit
        const now = await author.call<Message>('GET', path);
        if (now.text !== text) await author.call('PATCH', path, { version: now.version, text });
      });
    }
    const [now, { versions }] = await persistently(() =>
      Promise.all([author.call<Message>('GET', path), author.call<{ versions: { text: string }[] }>('GET', `${path}/history`)]),
    );
    return [
      ...compare('versions', [...versions.map(({ text }) => text), now.text], texts),
      ...compare('version', now.version, texts.length),
    ];
  },

  'deleting a message': async ({ people: [author], isOver }) => {
    const discussion = await openGroup(author);
    let count = 0;
    for (; count < MAX_ROUNDS && !isOver(); count++) {
      const { seq } = await post(author, discussion, 'to be deleted');
      await persistently(() => author.call('DELETE', `/discussions/${discussion}/messages/${seq}`));
    }
    const { messages, gaps } = await readAll(author, discussion);
    const left = messages.filter(({ deletedAt, text }) => deletedAt === undefined || text !== '');
    return [...gaps, ...compare('number of messages', messages.length, count), ...left.map(({ seq }) => `${seq} is not deleted`)];
  },

  'reacting to a message': async ({ people: [author], isOver }) => {
    const discussion = await openGroup(author);
    const { seq } = await post(author, discussion, 'hello');
    const path = `/discussions/${discussion}/messages/${seq}`;
    let isSet = false;
    for (let round = 0; round < MAX_ROUNDS && !isOver(); round++) {
      isSet = !isSet;
      await persistently(() => author.call(isSet ? 'PUT' : 'DELETE', `${path}/reactions/${encodeURIComponent('👍')}`));
    }
    const { reactions } = await persistently(() => author.call<Message>('GET', path));
    return compare('reactions', reactions, isSet ? [{ emoji: '👍', people: [author.id] }] : []);
  },

  'adding and removing a member': async ({ people: [owner, member], isOver }) => {
    const discussion = await openGroup(owner);
    await post(owner, discussion, 'for members');
    const differences: string[] = [];
    const look = () => persistently(() => member.call<Page>('GET', `/discussions/${discussion}/messages?limit=10`));
    for (let round = 0; round < MAX_ROUNDS && !isOver(); round++) {
      await persistently(() => owner.call('PUT', `/discussions/${discussion}/members/${member.id}`, {}));
      await look().catch((error: unknown) => differences.push(`round ${round}: a member reads, ${codeOf(error)}`));
      await persistently(() => owner.call('DELETE', `/discussions/${discussion}/members/${member.id}`)).catch(
        (error: unknown) => {
          // the answer to the first removal may have been lost
          if (codeOf(error) !== MISSING) throw error;
        },
      );
      const seen = await look().catch((error: unknown) => codeOf(error));
      if (seen !== MISSING) differences.push(`round ${round}: a removed member reads`);
    }
    return differences;
  },

  'attaching a file': async ({ clients, people: [author], isOver }) => {
    const discussion = await openGroup(author);
    const token = await signToken({ sub: author.sub, scope: 'conversations' });
    const files: string[] = [];
    for (let round = 0; round < MAX_ROUNDS && !isOver(); round++) {
      const content = `file ${round} `.repeat(1_000);
      files.push(content);
      const { id } = await persistently(async () => {
        const answer = await ask(`${clients.url}/api/conversations/chat/attachments?name=file.txt`, {
          method: 'POST',
          headers: { 'content-type': 'text/plain' },
          body: content,
          token,
        });
        if (answer.status >= 300) throw Object.assign(new Error(JSON.stringify(answer.body)), { code: answer.status });
        return answer.body as { id: string };
      });
      await post(author, discussion, `file ${round}`, { attachments: [id] });
    }
    const { messages, gaps } = await readAll(author, discussion);
    const stored = await Promise.all(
      messages.map(({ attachments: [file] }) =>
        persistently(async () => {
          const answer = await ask(`${clients.url}/api/conversations/chat/attachments/${file?.id}`, { token });
          if (answer.status >= 300) throw Object.assign(new Error(JSON.stringify(answer.body)), { code: answer.status });
          return answer.body;
        }),
      ),
    );
    const different = stored.flatMap((content, n) => (content === files[n] ? [] : [`the file of message ${n + 1} differs`]));
    return [...gaps, ...compare('number of messages', messages.length, files.length), ...different];
  },

  'pressing buttons': async ({ clients, people: [person], isOver }) => {
    const key = randomUUID();
    const rows = Array.from({ length: BUTTON_ROWS }, (_, row) =>
      Array.from({ length: BUTTONS_OF_A_ROW }, (_, n) => ({ id: `b${row}-${n}`, text: `${row}-${n}`, action: 'press' })),
    );
    const token = await signToken({ scope: 'events:write' });
    await persistently(() => request(() => send(`${clients.url}/in/panel`, { key, buttons: rows }, { token })));
    const open = { kind: 'contextual', key, title: 'panel' };
    const { discussion } = await persistently(() => person.call<{ discussion: { id: string } }>('POST', '/discussions', open));
    const panel = await until('the message with buttons', async () => (await readAll(person, discussion.id)).messages[0]);
    const pressed: string[] = [];
    for (const { id } of rows.flat()) {
      if (isOver()) break;
      pressed.push(`pressed ${id}`);
      const clientId = randomUUID();
      const path = `/discussions/${discussion.id}/messages/${panel.seq}/buttons/${id}`;
      await persistently(() => person.call('POST', path, { clientId }));
    }
    const reported = async () => (await readAll(person, discussion.id)).messages.slice(1).map(({ text }) => text);
    const isReported = async () => {
      const texts = new Set(await reported());
      return pressed.every((text) => texts.has(text));
    };
    await until('all presses to be reported', isReported, FAULT_TIMEOUT_MS);
    return compare('presses', (await reported()).toSorted(), pressed.toSorted());
  },

  'importing people': async ({ clients, people: [person], isOver }) => {
    const prefix = randomUUID();
    const token = await signToken({ sub: person.sub, scope: 'conversations conversations:server' });
    const api = (path: string) => `${clients.url}/api/conversations/chat${path}`;
    const names = new Map<string, string>();
    for (let round = 0; round < MAX_ROUNDS && !isOver(); round++) {
      // every second import changes the people of the one before
      const people = Array.from({ length: PEOPLE_OF_AN_IMPORT }, (_, n) => ({
        sub: `${prefix}-${Math.floor(round / 2)}-${n}`,
        name: `Imported${prefix} version ${round}`,
      }));
      for (const { sub, name } of people) names.set(sub, name);
      await persistently(() => request(() => send(api('/people/import'), { people }, { token })));
    }
    const found: { readonly sub: string; readonly name: string }[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const query = new URLSearchParams({ search: `Imported${prefix}`, limit: '100', ...(after !== '' && { after }) });
      type People = { readonly people: typeof found; readonly next?: string };
      const page: People = await persistently(() => request<People>(() => ask(api(`/people?${query.toString()}`), { token })));
      found.push(...page.people);
      after = page.next;
    }
    const lines = (people: Iterable<readonly [string, string]>) => [...people].map(([sub, name]) => `${sub} ${name}`).toSorted();
    return compare('people', lines(found.map(({ sub, name }) => [sub, name])), lines(names));
  },

  'registering organisations': async ({ clients, mail, isOver }) => {
    const api = (path: string) => `${clients.url}/api/conversations/chat${path}`;
    const differences: string[] = [];
    const titles = new Set<string>();
    const keys: { readonly issuer: string; readonly key: string }[] = [];
    for (let round = 0; round < MAX_ROUNDS && !isOver(); round++) {
      const email = `${randomUUID()}@firma.ru`;
      const wanted = { email, title: email, application: 'УТ 11' };
      const { id } = await persistently(() =>
        request<{ id: string }>(() => send(api('/registrations'), wanted, { token: null })),
      );
      // a request whose answer was lost has sent a mail with another code: the newest mail counts
      const code = await mail.code(email);
      const confirm = () =>
        request<{ issuer: string; key: string }>(() => send(api(`/registrations/${id}/confirm`), { code }, { token: null }));
      const issued = await persistently(confirm).catch((error: unknown) => {
        // the answer with the key was lost after the commit: the organisation registers again
        if (codeOf(error) !== 'CONVERSATIONS_REGISTRATION') throw error;
        return undefined;
      });
      if (!issued) continue;
      titles.add(email);
      keys.push(issued);
    }
    for (const { issuer, key } of keys) {
      const token = await signToken({ sub: 'first', scope: 'conversations', kid: issuer, secret: key });
      const isKnown = async () => (await ask(api('/people?limit=2'), { token })).body as { people?: readonly { sub: string }[] };
      const { people } = await until(
        `${issuer} to be accepted`,
        async () => {
          const body = await isKnown();
          return body.people && { people: body.people };
        },
        KEY_TIMEOUT_MS,
      );
      if (people.some(({ sub }) => sub !== 'first')) differences.push(`${issuer} sees people of others`);
    }
    const operator = await signToken({ sub: 'operator', scope: 'admin' });
    type Subscriber = { readonly id: string; readonly title: string };
    const { subscribers } = await persistently(() =>
      request<{ subscribers: readonly Subscriber[] }>(() => ask(api('/subscribers'), { token: operator })),
    );
    for (const { id, title } of subscribers.filter((each) => each.title.endsWith('@firma.ru'))) {
      const { applications } = await persistently(() =>
        request<{ applications: readonly { keys: number }[] }>(() =>
          ask(api(`/subscribers/${id}/applications`), { token: operator }),
        ),
      );
      if (applications.length !== 1 || applications[0]?.keys !== 1) differences.push(`${title}: ${JSON.stringify(applications)}`);
    }
    const registered = new Set(subscribers.map(({ title }) => title));
    return [...differences, ...[...titles].filter((title) => !registered.has(title)).map((title) => `${title} is lost`)];
  },
};
