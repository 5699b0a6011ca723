import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { freePort, freePorts } from './free-ports.js';

afterEach(() => void jest.restoreAllMocks());

describe('freePorts', () => {
  it('returns different ports below those of outgoing connections', async () => {
    const ports = await freePorts(50);
    expect(new Set(ports).size).toBe(50);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(20_000);
      expect(port).toBeLessThan(32_000);
    }
  });

  it('skips a port at which a program listens', async () => {
    const taken = await freePort();
    const server = createServer().listen(taken, '127.0.0.1');
    await once(server, 'listening');
    const drawn = (taken - 20_000 + 0.5) / 12_000;
    const random = jest.spyOn(Math, 'random').mockReturnValueOnce(drawn);
    expect(await freePort()).not.toBe(taken);
    expect(random.mock.calls.length).toBeGreaterThanOrEqual(2);
    server.close();
    await once(server, 'close');
  });

  it('rejects when every draw is in use', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    await expect(freePorts(2)).rejects.toThrow('no free port between 20000 and 32000 after 102 tries');
  });
});
