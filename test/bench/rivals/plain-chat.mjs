// The rival of `npm run load` and `bench conversations`: a chat server with the durability of plugins/conversations and nothing else: one process,
// one WebSocket per person, JSON in both directions. A post is answered after its commit; seq has no gaps; a repeat by client id is one message.
// usage: node plain-chat.mjs DATABASE_URL SECRET     the parent receives { port } over IPC
// A client connects to ws://…/?token=<sub>.<hex HMAC-SHA256 of sub>, then sends { id, op, …arguments } and receives { id, result } or { id, error };
// { event, … } is pushed.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import pg from 'pg';
import { WebSocketServer } from 'ws';

const [url, secret] = process.argv.slice(2);
const POOL = 12;
const PING_MS = 30_000;
const MAX_FRAME = 1024 * 1024;
/** A client that leaves more than this unread is cut off, and catches up when it comes back. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const MAX_CACHED = 100_000;
const MAX_COUNTED = 100;
const UNIQUE_VIOLATION = '23505';

const SCHEMA = `
  create table if not exists person (id uuid primary key, sub text not null unique, name text not null);
  create table if not exists discussion (id uuid primary key, kind text not null, key text unique, title text not null,
    last_seq bigint not null default 0, active_at timestamptz not null default now()) with (fillfactor = 80);
  create table if not exists member (discussion uuid not null references discussion, person uuid not null references person,
    read_seq bigint not null default 0, primary key (discussion, person)) with (fillfactor = 80);
  create index if not exists member_person on member (person);
  create table if not exists message (discussion uuid not null, seq bigint not null, author uuid not null, client_id text not null,
    at timestamptz not null default clock_timestamp(), text text not null, data jsonb,
    primary key (discussion, seq), unique (author, client_id));`;

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const pool = new pg.Pool({ connectionString: url, max: POOL });
pool.on('error', () => {});
await pool.query(SCHEMA);

/** Runs a prepared statement; each is a transaction of its own. */
async function rows(name, text, ...values) {
  return (await pool.query({ name, text, values })).rows;
}

/** Sockets of the connected people. */
const online = new Map();
/** Members of the discussions that were used lately: this process is the only writer. */
const membersOf = new Map();

/** Resolves with the set of members. Concurrent callers share one set, so that a later member is added for all of them. */
function members(discussion) {
  const known = membersOf.get(discussion);
  if (known) return known;
  const read = rows('members', 'select person from member where discussion = $1', discussion);
  const set = read.then((found) => new Set(found.map(({ person }) => person)));
  set.catch(() => membersOf.delete(discussion));
  if (membersOf.size >= MAX_CACHED) membersOf.delete(membersOf.keys().next().value);
  membersOf.set(discussion, set);
  return set;
}

async function push(discussion, event) {
  const text = JSON.stringify(event);
  for (const person of await members(discussion)) {
    for (const socket of online.get(person) ?? []) {
      if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate();
      else socket.send(text);
    }
  }
}

/** The last post of each discussion: posts of one discussion run one after another, so that they do not hold connections for its row lock. */
const tails = new Map();

function inTurn(discussion, work) {
  const turn = (tails.get(discussion) ?? Promise.resolve()).then(work, work);
  tails.set(discussion, turn);
  const done = () => tails.get(discussion) === turn && tails.delete(discussion);
  turn.then(done, done);
  return turn;
}

const refuse = (error) => {
  throw Object.assign(new Error(error), { isRefusal: true });
};

const UNREAD = `(select count(*) from (select from message x where x.discussion = m.discussion and x.seq > m.read_seq and x.author <> m.person
  limit ${MAX_COUNTED}) counted)`;

const OPS = {
  async unread({ person }) {
    const [total] = await rows(
      'unread',
      `select count(*) filter (where unread > 0) discussions, coalesce(sum(unread), 0)::bigint messages from (select ${UNREAD} unread
       from member m join discussion d on d.id = m.discussion where m.person = $1 and d.last_seq > m.read_seq and d.kind <> 'channel') each`,
      person,
    );
    return total;
  },
  async list({ person }, { before = null, limit = 50 }) {
    return rows(
      'list',
      `select d.id, d.kind, d.key, d.title, d.last_seq "lastSeq", d.active_at "activeAt", m.read_seq "readSeq", ${UNREAD} unread,
         to_jsonb(l) - 'client_id' "lastMessage"
       from member m join discussion d on d.id = m.discussion left join message l on l.discussion = d.id and l.seq = d.last_seq
       where m.person = $1 and d.kind <> 'channel' and ($2::timestamptz is null or d.active_at < $2) order by d.active_at desc limit $3`,
      person,
      before,
      limit,
    );
  },
  async messages({ person }, { discussion, after = 0, before = null, limit = 50 }) {
    if (!(await members(discussion)).has(person)) refuse('missing');
    // the newest seq is read first: a message that commits in between is then beyond the answer
    const [head] = await rows('head', 'select last_seq from discussion where id = $1', discussion);
    const found = await rows(
      before === null ? 'after' : 'before',
      `select discussion, seq, author, at, text, data from message where discussion = $1 and seq > $2 and seq < coalesce($3, 9e18::bigint)
       and seq <= $5 order by seq ${before === null ? '' : 'desc'} limit $4`,
      discussion,
      after,
      before,
      limit,
      head.last_seq,
    );
    return { messages: before === null ? found : found.reverse(), lastSeq: head.last_seq };
  },
  async people(_, { ids }) {
    return rows('people', 'select id, name from person where id = any($1)', ids);
  },
  async read({ person }, { discussion, seq }) {
    const [moved] = await rows(
      'read',
      `update member m set read_seq = least($3, d.last_seq) from discussion d
       where d.id = $1 and m.discussion = $1 and m.person = $2 and m.read_seq < least($3, d.last_seq) returning read_seq`,
      discussion,
      person,
      seq,
    );
    if (moved) await push(discussion, { event: 'read', discussion, person, seq: moved.read_seq });
    return {};
  },
  async post({ person }, { discussion, clientId, text, data = null }) {
    return inTurn(discussion, async () => {
      try {
        const [made] = await rows(
          'post',
          `with drawn as (update discussion d set last_seq = last_seq + 1, active_at = now() from member m
             where d.id = $1 and m.discussion = $1 and m.person = $2 returning d.last_seq)
           insert into message (discussion, seq, author, client_id, text, data) select $1, last_seq, $2, $3, $4, $5 from drawn returning seq, at`,
          discussion,
          person,
          clientId,
          text,
          data === null ? null : JSON.stringify(data),
        );
        if (!made) refuse('missing');
        await push(discussion, { event: 'message', message: { discussion, seq: made.seq, author: person, at: made.at, text, data } });
        return { seq: made.seq, repeated: false };
      } catch (error) {
        // the violation has rolled the whole statement back, so the repeat draws no seq
        if (error.code !== UNIQUE_VIOLATION) throw error;
        const [first] = await rows('first', 'select seq from message where author = $1 and client_id = $2', person, clientId);
        return { seq: first.seq, repeated: true };
      }
    });
  },
  async open({ person }, { kind, key = null, title = '', members: others = [] }) {
    const all = [...new Set([person, ...others])];
    const unique = kind === 'direct' ? `direct ${[...all].sort().join(' ')}` : key && `${kind} ${key}`;
    const [made] = await rows(
      'open',
      `with made as (insert into discussion (id, kind, key, title) values ($1, $2, $3, $4) on conflict (key) do nothing returning id),
         joined as (insert into member (discussion, person) select made.id, each from made, unnest($5::uuid[]) each)
       select id from made`,
      randomUUID(),
      kind,
      unique,
      title,
      all,
    );
    if (made) {
      await push(made.id, { event: 'discussion', discussion: made.id, kind, key, title });
      return { id: made.id, created: true };
    }
    const [{ id }] = await rows('find', 'select id from discussion where key = $1', unique);
    const known = await members(id);
    if (!known.has(person)) await rows('join', 'insert into member (discussion, person) values ($1, $2) on conflict do nothing', id, person);
    known.add(person);
    return { id, created: false };
  },
};

/** Returns the person of a token, or undefined. The row of a person is made on the first visit. */
async function whoIs(token) {
  const [sub, signature = ''] = token.split('.');
  const wanted = createHmac('sha256', secret).update(sub).digest();
  const given = Buffer.from(signature, 'hex');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  const [known] = await rows('who', 'select id from person where sub = $1', sub);
  if (known) return known.id;
  const made = 'insert into person (id, sub, name) values ($1, $2, $2) on conflict (sub) do update set name = excluded.name returning id';
  return (await rows('newcomer', made, randomUUID(), sub))[0].id;
}

async function serve(socket, text) {
  let id;
  try {
    const { op, ...args } = JSON.parse(text);
    id = args.id;
    if (!Object.hasOwn(OPS, op)) refuse('unknown op');
    socket.send(JSON.stringify({ id, result: await OPS[op](socket, args) }));
  } catch (error) {
    if (!error.isRefusal) console.error(error);
    socket.send(JSON.stringify({ id, error: error.isRefusal ? error.message : 'failed' }));
  }
}

function arrive(socket, person) {
  socket.person = person;
  socket.isAlive = true;
  const own = online.get(person) ?? new Set();
  online.set(person, own.add(socket));
  socket.on('message', (data) => void serve(socket, data));
  socket.on('pong', () => (socket.isAlive = true));
  socket.on('error', () => socket.terminate());
  socket.on('close', () => own.delete(socket) && own.size === 0 && online.get(person) === own && online.delete(person));
  socket.send(JSON.stringify({ event: 'welcome', person }));
}

const sockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: MAX_FRAME });
const server = createServer((_, response) => response.writeHead(404).end());
server.on('upgrade', (request, stream, head) => {
  stream.setNoDelay(true).on('error', () => stream.destroy());
  whoIs(new URL(request.url, 'ws://localhost').searchParams.get('token') ?? '').then(
    (person) => (person ? sockets.handleUpgrade(request, stream, head, (socket) => arrive(socket, person)) : stream.destroy()),
    () => stream.destroy(),
  );
});
setInterval(() => {
  for (const own of online.values()) {
    for (const socket of own) {
      if (!socket.isAlive) socket.terminate();
      else socket.ping();
      socket.isAlive = false;
    }
  }
}, PING_MS).unref();
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => process.send?.({ port: server.address().port }));
process.on('disconnect', () => process.exit(0));
