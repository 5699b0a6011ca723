import { startOnec } from '@sluice/emulator';
import { until, type ActionPeer } from '@sluice/testing';

/** Starts an emulated 1C that the action contract calls. */
export async function onecPeer(): Promise<ActionPeer & { readonly connection: object }> {
  const onec = await startOnec({ port: 0, latencyMs: 1, user: 'Обмен', password: 'секретный-пароль' });
  return {
    connection: { baseUrl: `${onec.url}/base/hs/gate`, user: 'Обмен', password: 'секретный-пароль' },
    hang: async () => {
      onec.setFault({ kind: 'hang', times: 1 });
      await until('the call in 1C', () => onec.stats().inFlight === 1, 5_000);
    },
    lose: () => onec.setFault({ kind: 'lost', times: 1 }),
    overload: () => onec.setFault({ kind: 'busy', times: 1 }),
    ids: () => Object.keys(onec.stats({ ids: true }).ids ?? {}),
    connections: () => onec.stats().connections,
    close: () => onec.close(),
  };
}
