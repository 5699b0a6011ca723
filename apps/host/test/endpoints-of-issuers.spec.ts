import { afterEach, describe, expect, it } from '@jest/globals';
import type { Issuer } from '@sluice/flow';
import { SignJWT } from 'jose';
import { request } from 'node:http';
import { HttpServer } from './http-server.js';

const SECRET = 's'.repeat(32);
const issuer = (more: Partial<Issuer>): Issuer => ({
  name: 'shop',
  secrets: [SECRET],
  scopes: ['events:write', 'orders:write'],
  events: [],
  topics: [],
  maxTtlMs: 3_600_000,
  ...more,
});

let server: HttpServer;
afterEach(() => server.close());

/** Returns the status of a call of each path. */
async function called(more: Partial<Issuer>, paths: readonly string[]): Promise<number[]> {
  server = await HttpServer.start({}, [issuer(more)]);
  const taken = () => Promise.resolve({ status: 202, headers: {}, data: {} });
  for (const path of ['/in/orders', '/in/shop/{node}', '/in/shop/{node}/lines'])
    server.ingress.http({ method: 'POST', path, scope: 'events:write' }, taken);
  server.ingress.http({ method: 'POST', path: '/in/own', scope: 'orders:write' }, taken);
  const token = await new SignJWT({ scope: 'events:write orders:write' })
    .setProtectedHeader({ alg: 'HS256', kid: 'shop' })
    .setSubject('site')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));
  return Promise.all(paths.map((path) => statusOf(path, token)));
}

/** Sends the path as it is; `fetch` would normalize it. */
function statusOf(path: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(server.url, { path, method: 'POST', headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

const PATHS = ['/in/orders', '/in/shop/7', '/in/shop/7/lines', '/in/own'];

describe('endpoints of an issuer', () => {
  it.each([
    ['without a list of events: all', {}, [202, 202, 202, 202]],
    ['with # among its events: all', { events: ['#'] }, [202, 202, 202, 202]],
    ['with bounded events: only those with a scope of their own', { events: ['shop.*'] }, [403, 403, 403, 202]],
    ['with endpoints: these', { events: ['shop.*'], endpoints: ['/in/orders'] }, [202, 403, 403, 403]],
    ['with * for one segment', { endpoints: ['/in/shop/*'] }, [403, 202, 403, 403]],
    ['with ** for any number of segments', { endpoints: ['/in/shop/**', '/in/own'] }, [403, 202, 202, 202]],
    ['with an empty list: none', { endpoints: [] }, [403, 403, 403, 403]],
  ])('are limited %s', async (_what, more, statuses) => expect(await called(more, PATHS)).toEqual(statuses));

  it('cannot be reached by another spelling of the path', async () => {
    const statuses = await called({ endpoints: ['/in/shop/**', '/in/*/status'] }, [
      '/in/shop/../orders',
      '/in/shop/%2e%2e/orders',
      '/in//orders',
      '/in/orders#/status',
      'http://host/in/orders',
      'https://host/in/orders?status=1',
      'http://host/in/shop/7',
      '/in/orders;/status',
      '/in/orders%23/status',
      '/in/orders%3F/status',
      '/in/orders%2Fstatus',
      '/in/orders?/status',
    ]);
    expect(statuses).toEqual(statuses.map((status) => (status === 403 ? 403 : 404)));
  });
});

describe('routes of controllers below /api/', () => {
  it('need a token unless they declare that they need none', async () => {
    server = await HttpServer.start();
    const status = async (path: string) => (await fetch(`${server.url}${path}`, { method: 'POST', body: 'x' })).status;
    expect(await status('/api/registrations')).toBe(200);
    expect(await status('/api/import')).toBe(401);
  });
});
