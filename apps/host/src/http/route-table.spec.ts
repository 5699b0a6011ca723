import { describe, expect, it } from '@jest/globals';
import { RouteTable } from './route-table.js';

const route = (method: string, path: string) => ({
  method,
  path,
  scope: 'events:write',
  handle: async () => ({ status: 204, headers: {} }),
});

function table(...routes: readonly [string, string][]): RouteTable {
  const made = new RouteTable();
  for (const [method, path] of routes) made.add(route(method, path));
  return made;
}

describe('routes of flows', () => {
  it('match method and path and return the parameters', () => {
    const found = table(['POST', '/in/exchange/{node}']).find('POST', '/in/exchange/Филиал 2');
    expect(found.params).toEqual({ node: 'Филиал 2' });
  });

  it('prefer a literal segment to a parameter', () => {
    const routes = table(['GET', '/in/{any}'], ['GET', '/in/orders']);
    expect(routes.find('GET', '/in/orders').route.path).toBe('/in/orders');
    expect(routes.find('GET', '/in/other').route.path).toBe('/in/{any}');
  });

  it('report the allowed methods of a path', () => {
    expect(() => table(['POST', '/in/orders']).find('GET', '/in/orders')).toThrow('/in/orders takes POST, not GET');
  });

  it.each(['/in/orders/1', '/in', '/in/orders/'])('do not match %s', (path) => {
    expect(() => table(['POST', '/in/orders'], ['POST', '/in/orders/{id}/lines']).find('POST', path)).toThrow(
      `no flow listens to ${path}`,
    );
  });

  it('reject a second flow with the same method and path', () => {
    const routes = table(['POST', '/in/{a}']);
    expect(() => routes.add(route('POST', '/in/{b}'))).toThrow('POST /in/{b} is taken by another flow');
  });

  it('can be removed', () => {
    const routes = new RouteTable();
    const close = routes.add(route('POST', '/in/orders'));
    close();
    expect(() => routes.find('POST', '/in/orders')).toThrow('no flow listens');
  });
});
