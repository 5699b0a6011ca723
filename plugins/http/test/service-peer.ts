import { answerOk, startWebService, until, type ActionPeer } from '@sluice/testing';

/** Starts a web service that the action contract calls. */
export async function servicePeer(): Promise<ActionPeer & { readonly connection: object }> {
  let trouble: 'hang' | 'lose' | 'overload' | undefined;
  const service = await startWebService((request, response) => {
    const met = trouble;
    trouble = undefined;
    if (met === 'lose') request.socket.resetAndDestroy();
    else if (met === 'overload') response.writeHead(429, { 'retry-after': '1' }).end();
    else if (met !== 'hang') answerOk(request, response);
  });
  return {
    connection: { baseUrl: `${service.url}/api`, token: 'a-very-secret-token' },
    hang: async () => {
      trouble = 'hang';
      await until('the request', () => service.seen.length === 1, 5_000);
    },
    lose: () => void (trouble = 'lose'),
    overload: () => void (trouble = 'overload'),
    connections: service.connections,
    close: service.close,
  };
}
