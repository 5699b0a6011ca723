import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startOnec } from '@sluice/emulator';
import { until, type ActionPeer } from '@sluice/testing';

export const SERVICE = 'ОбменССайтом';

/** Creates a folder for copies of WSDLs; `close` deletes it. */
export async function cacheFolder(): Promise<{ readonly cache: string; readonly close: () => Promise<void> }> {
  const cache = await mkdtemp(path.join(tmpdir(), 'sluice-wsdl-'));
  return { cache, close: () => rm(cache, { recursive: true, force: true }) };
}

/** Starts an emulated 1C that the action contract calls. */
export async function onecPeer(): Promise<ActionPeer & { readonly connection: object }> {
  const folder = await cacheFolder();
  const onec = await startOnec({ port: 0, latencyMs: 1, user: 'Обмен', password: 'секретный-пароль' });
  return {
    connection: {
      baseUrl: `${onec.url}/base/ws`,
      user: 'Обмен',
      password: 'секретный-пароль',
      wsdl: { cache: folder.cache },
    },
    hang: async () => {
      onec.setFault({ kind: 'hang', times: 1 });
      const { calls } = onec.stats();
      await until('the call in 1C', () => onec.stats().calls > calls + 1 && onec.stats().inFlight === 1, 5_000);
    },
    lose: () => onec.setFault({ kind: 'lost', times: 1 }),
    overload: () => onec.setFault({ kind: 'busy', times: 1 }),
    ids: () => Object.keys(onec.stats({ ids: true }).ids ?? {}),
    connections: () => onec.stats().connections,
    close: async () => {
      await onec.close();
      await folder.close();
    },
  };
}
