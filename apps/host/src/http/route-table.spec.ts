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
    const found = table(['POST', '/in/exchange/{node}']).find('POST', `/in/exchange/${encodeURIComponent('Филиал 2')}`);
    expect(found.params).toEqual({ node: 'Филиал 2' });
  });

  it('prefer a literal segment to a parameter', () => {
    const routes = table(['GET', '/in/{any}'], ['GET', '/in/orders']);
    expect(routes.find('GET', '/in/orders').route.path).toBe('/in/orders');
    expect(routes.find('GET', '/in/other').route.path).toBe('/in/{any}');
  });

  it('return to a parameter when a literal segment leads to no route', () => {
    const routes = table(['GET', '/in/orders/new'], ['GET', '/in/{list}/{id}']);
    expect(routes.find('GET', '/in/orders/7')).toMatchObject({ params: { list: 'orders', id: '7' } });
    expect(routes.find('GET', '/in/orders/new').route.path).toBe('/in/orders/new');
  });

  it('of another method do not hide a route', () => {
    const routes = table(['GET', '/in/orders'], ['POST', '/in/{any}']);
    expect(routes.find('POST', '/in/orders').params).toEqual({ any: 'orders' });
  });

  it('report the allowed methods of a path', () => {
    const routes = table(['POST', '/in/orders'], ['PUT', '/in/{any}'], ['GET', '/in/orders/{id}']);
    expect(() => routes.find('GET', '/in/orders')).toThrow('/in/orders takes POST, PUT, not GET');
    expect(() => routes.find('OPTIONS', '/in/orders')).toThrow('/in/orders takes POST, PUT, not OPTIONS');
    expect(() => routes.find('BREW', '/in/orders')).toThrow('/in/orders takes POST, PUT, not BREW');
  });

  it('answer HEAD by the route of GET, and allow it there', () => {
    const routes = table(['GET', '/in/orders'], ['PUT', '/in/orders'], ['POST', '/in/events']);
    expect(routes.find('HEAD', '/in/orders').route).toMatchObject({ method: 'GET' });
    expect(() => routes.find('POST', '/in/orders')).toThrow(
      expect.objectContaining({ options: { details: { allow: ['GET', 'PUT', 'HEAD'] } } }),
    );
    expect(() => routes.find('HEAD', '/in/events')).toThrow('/in/events takes POST, not HEAD');
  });

  it.each([
    ['a%2Fb', 'a/b'],
    ['a%2fb', 'a/b'],
    ['50%25', '50%'],
    ['%2541', '%41'],
    ['%3Fq%23', '?q#'],
    ['a+b', 'a+b'],
    ['a:b', 'a:b'],
    ['a*b', 'a*b'],
    ['a;b', 'a;b'],
    ['1-2.3~4', '1-2.3~4'],
    ['__proto__', '__proto__'],
    ['%D0%96', 'Ж'],
  ])('decode the parameter %s once', (written, value) => {
    const routes = table(['GET', '/in/{a}/x'], ['GET', '/in/{a}']);
    expect(routes.find('GET', `/in/${written}`).params).toEqual({ a: value });
    expect(routes.find('GET', `/in/${written}/x`).params).toEqual({ a: value });
  });

  it('match a parameter of any length', () => {
    expect(table(['GET', '/in/{a}']).find('GET', `/in/${'x'.repeat(10_000)}`).params['a']).toHaveLength(10_000);
  });

  it.each([
    '/in/Orders',
    '/IN/orders',
    '/in//orders',
    '/in/orders%2F',
    '/in%2Forders',
    '/in/orders//lines',
    '//in/orders',
    '/in/orders#',
    '/in/orders#/lines',
  ])('do not match %s, which is another path', (path) => {
    expect(() => table(['GET', '/in/orders'], ['GET', '/in/orders/{id}/lines']).find('GET', path)).toThrow(
      `no flow listens to ${path}`,
    );
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

  it('that were removed twice do not remove their successor', () => {
    const routes = new RouteTable();
    const close = routes.add(route('POST', '/in/{a}'));
    close();
    routes.add(route('POST', '/in/{b}'));
    close();
    expect(routes.find('POST', '/in/1').params).toEqual({ b: '1' });
  });

  it('can be added and removed between requests', () => {
    const routes = table(['GET', '/in/a']);
    const close = routes.add(route('GET', '/in/b'));
    expect(routes.find('GET', '/in/b').route.path).toBe('/in/b');
    close();
    expect(routes.find('GET', '/in/a').route.path).toBe('/in/a');
    expect(() => routes.find('GET', '/in/b')).toThrow('no flow listens');
  });
});
