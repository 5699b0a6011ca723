// The STOMP server of the gateway with a handler in memory: 500 events wait for each subscriber, the flow `acknowledged` replies with the
// number of
// acknowledged events, and events of the type `refused` are rejected.
import { prepare } from '../../scripts/lib/prepare.mjs';

const MESSAGES = 500;

/** @returns {Promise<{ port: number, stop: () => Promise<void> }>} */
export async function startGateway() {
  await prepare();
  const { startStompServer } = await import('../../plugins/tcp-gateway/dist/server/server.js');
  const { encodeMessage } = await import('../../plugins/tcp-gateway/dist/stomp/message.js');
  const { fail } = await import('@sluice/plugin-api');
  let acknowledged = 0;
  const handler = {
    authenticate: async ({ login }) => ({
      ...{ user: `test/${login}`, issuer: 'test', sub: login, scopes: ['desktop'], groups: [], topics: ['*'], events: ['*'] },
      expiresAt: Date.now() + 3_600_000,
    }),
    sessionOpened: () => {},
    sessionClosed: () => {},
    subscribeUser: async (subscription) => {
      for (let seq = 1; seq <= MESSAGES; seq++) {
        const body = Buffer.from(JSON.stringify({ number: seq }));
        const headers = { event: 'call.incoming' };
        const destination = '/user/events';
        const message = encodeMessage({ destination, id: `e${seq}`, contentType: 'application/json', headers, body });
        subscription.deliver(message, { seq });
      }
    },
    unsubscribeUser: () => {},
    acknowledge: async (_, seqs) => void (acknowledged += seqs.length),
    reject: async () => {},
    publish: async (_, type) => {
      if (type === 'refused') throw fail.REJECTED('not this type');
    },
    callFlow: async (session, _, { headers }, replyTo) => {
      const answer = { 'correlation-id': headers.get('correlation-id'), status: '200' };
      session.reply(
        encodeMessage({ destination: replyTo, id: 'answer', headers: answer, body: Buffer.from(String(acknowledged)) }),
      );
    },
    drained: () => {},
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const server = await startStompServer({ handler, log, tcp: { host: '127.0.0.1', port: 0 } });
  return { port: server.tcpPort, stop: () => server.close() };
}
