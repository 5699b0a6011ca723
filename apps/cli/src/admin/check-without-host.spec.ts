import { describe, expect, it } from '@jest/globals';
import { addressOf } from './check-without-host.js';

describe('addressOf', () => {
  it.each([
    ['redis://cache', 'cache', 6379],
    ['amqps://u:p@rabbit/vhost', 'rabbit', 5671],
    ['postgres://u:p@db:6432/sluice', 'db', 6432],
    ['redis://[::1]:6380', '::1', 6380],
  ])('reads %s as host %s, port %i', (url, host, port) => {
    expect(addressOf(url)).toEqual({ host, port });
  });
});
