// The rival of `bench ingest`: the HTTP door that a good engineer writes by hand on Fastify, with our promise and nothing else: 202 once the event is
// durable. A token (HS256) with the scope events:write, a valid type and id, a body that is JSON; no flow runs behind it.
// usage: node plain-door.mjs amqp://… | postgres://…  SECRET     the parent receives { port } over IPC
// RabbitMQ: a quorum queue on a topic exchange, mandatory, persistent, answered after the confirm. Event attributes travel as AMQP properties.
// PostgreSQL: one INSERT for all events that came while the previous one was committed; answered after its commit.
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';
import { createVerifier } from 'fast-jwt';
import Fastify from 'fastify';
import pg from 'pg';

const [url, secret] = process.argv.slice(2);
const MAX_BODY = 4 * 1024 * 1024;
const MAX_ID_BYTES = 200;
/** Events that are not yet durable; above it the client has to wait. */
const MAX_PENDING = 2_000;
const MAX_BATCH = 500;
const TYPE = '^[a-z0-9]+([._-][a-z0-9]+)*$';

/** Returns publish(event): resolves with true once the broker has confirmed it, and with false if no queue wants it. */
async function rabbit() {
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  // without its broker a door has nothing to do: its supervisor starts it again
  for (const part of [connection, channel]) part.on('error', console.error).on('close', () => process.exit(1));
  await channel.assertExchange('plain.events', 'topic', { durable: true });
  await channel.assertQueue('plain.events', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue('plain.events', 'plain.events', 'order.created');
  const returned = new Set();
  channel.on('return', ({ properties }) => returned.add(properties.messageId));
  return ({ id, source, type, time, data }) =>
    new Promise((resolve, reject) => {
      const options = {
        persistent: true,
        mandatory: true,
        contentType: 'application/json',
        messageId: id,
        type,
        appId: source,
        headers: { ce: JSON.stringify({ time }) },
      };
      channel.publish('plain.events', type, data, options, (error) => (error ? reject(error) : resolve(!returned.delete(id))));
    });
}

/** Returns publish(event): resolves with true after the commit. */
async function postgres() {
  const client = new pg.Client({ connectionString: url });
  client.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  await client.connect();
  await client.query(
    'create table if not exists event (n bigint generated always as identity primary key, id text not null, source text not null, ' +
      'type text not null, time timestamptz not null, data bytea not null)',
  );
  const text =
    'insert into event (id, source, type, time, data) select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bytea[])';
  let waiting = [];
  let isWriting = false;

  async function write() {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH);
      const column = (name) => batch.map(({ event }) => event[name]);
      const values = [column('id'), column('source'), column('type'), column('time'), column('data')];
      await client.query({ name: 'insert', text, values }).then(
        () => batch.forEach(({ resolve }) => resolve(true)),
        (error) => batch.forEach(({ reject }) => reject(error)),
      );
    }
    isWriting = false;
  }

  return (event) =>
    new Promise((resolve, reject) => {
      waiting.push({ event, resolve, reject });
      // the events of all requests that were read from the sockets in this turn go together
      if (!isWriting) {
        isWriting = true;
        setImmediate(write);
      }
    });
}

const publish = await (url.startsWith('amqp') ? rabbit() : postgres());
const verify = createVerifier({ key: secret, algorithms: ['HS256'], cache: 1_000 });
let pending = 0;

const app = Fastify({ bodyLimit: MAX_BODY });
// the event keeps the bytes of the client: they are only checked
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
  try {
    JSON.parse(body);
    done(null, body);
  } catch (error) {
    done(Object.assign(error, { statusCode: 400 }));
  }
});
app.addHook('onRequest', (request, reply, done) => {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  try {
    const { sub, scope = '' } = verify(scheme === 'Bearer' ? token : '');
    if (!scope.split(' ').includes('events:write')) return void reply.code(403).send({ error: 'the token has no scope events:write' });
    request.source = `/users/${sub}`;
    done();
  } catch {
    reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'send a valid token' });
  }
});
app.decorateRequest('source', '');

const schema = {
  params: { type: 'object', properties: { type: { type: 'string', maxLength: 100, pattern: TYPE } } },
  headers: { type: 'object', properties: { 'ce-id': { type: 'string', minLength: 1, maxLength: MAX_ID_BYTES } } },
  response: { 202: { type: 'object', properties: { id: { type: 'string' } } } },
};
app.post('/events/:type', { schema }, async (request, reply) => {
  if (pending >= MAX_PENDING) return reply.code(503).header('retry-after', '1').send({ error: 'too many events are waiting' });
  const id = request.headers['ce-id'] ?? randomUUID();
  const event = { id, source: request.source, type: request.params.type, time: new Date().toISOString(), data: request.body };
  pending++;
  try {
    if (!(await publish(event))) return reply.code(404).send({ error: 'no queue takes events of this type' });
  } catch (error) {
    console.error(error);
    return reply.code(503).header('retry-after', '1').send({ error: 'the event is not stored' });
  } finally {
    pending--;
  }
  reply.code(202);
  return { id };
});

await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: app.server.address().port });
process.on('disconnect', () => process.exit(0));
