import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that Linux draws for outgoing connections (32768 to 60999): one of those can be taken before a server listens at it. */
const [MIN_PORT, MAX_PORT] = [20_000, 32_000];
const MAX_TRIES = 100;

/**
 * Returns ports of 127.0.0.1 from 20000 to 31999 at which no program listens now, all different. They are drawn at random, so that programs
 * that start at the same time rarely draw the same; another program can still take one before the caller listens at it.
 *
 * @param count number of ports, at least 1
 * @throws an error when too many random ports in a row are in use: 100 more than the count
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries === MAX_TRIES + count) throw new Error(`no free port between ${MIN_PORT} and ${MAX_PORT} after ${tries} tries`);
    const port = MIN_PORT + Math.floor(Math.random() * (MAX_PORT - MIN_PORT));
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

/** Returns one port as {@link freePorts} does. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const outcome = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.once('listening', () => resolve(true));
  });
  server.listen(port, '127.0.0.1');
  if (!(await outcome)) return false;
  server.close();
  await once(server, 'close');
  return true;
}
