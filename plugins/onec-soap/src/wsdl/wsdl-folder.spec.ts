import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startOnec } from '@sluice/emulator';
import { WsdlSoapClient } from '../client.js';
import { connection } from '../config.js';
import { lint } from '../lint.js';
import { SERVICE } from '../../test/onec-peer.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('copies of WSDLs', () => {
  it.each([
    [
      'a connection',
      async (config: ReturnType<typeof connection.parse>, folder: string) => {
        const client = new WsdlSoapClient(config, { log: silent, now: () => new Date(), folder });
        await client.describe(SERVICE, 'none').catch(() => undefined);
        await client.close();
      },
    ],
    [
      'lint',
      async (config: ReturnType<typeof connection.parse>, folder: string) => {
        const step = { action: 'call', input: { service: SERVICE, operation: 'none', arguments: {} }, folder };
        await lint(step, config, new AbortController().signal);
      },
    ],
  ])('saves the copies of %s in the folder of the host, readable only by its user', async (_whose, read) => {
    const home = await mkdtemp(path.join(tmpdir(), 'sluice-home-'));
    const onec = await startOnec({ port: 0, latencyMs: 1 });
    try {
      await read(connection.parse({ baseUrl: `${onec.url}/base/ws` }), home);
      const [file] = await readdir(path.join(home, 'wsdl'));
      const modes = [path.join(home, 'wsdl'), path.join(home, 'wsdl', file ?? '')].map(
        async (name) => (await stat(name)).mode & 0o777,
      );
      expect(await Promise.all(modes)).toEqual([0o700, 0o600]);
    } finally {
      await onec.close();
      await rm(home, { recursive: true, force: true });
    }
  });
});
