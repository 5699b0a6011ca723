import { startPbx, type Pbx, type PbxOptions } from '@sluice/emulator';
import { until, type ActionPeer, type TriggerPeer } from '@sluice/testing';

export const SECRET = 'sluice-and-asterisk';

/** Returns the options of a connection to a stand-in for an Asterisk. */
export const reaching = (pbx: Pbx) => ({ host: pbx.host, port: pbx.port, user: 'sluice', secret: SECRET, timeout: '5s' });

export const startExchange = (options: Partial<PbxOptions> = {}): Promise<Pbx> =>
  startPbx({ port: 0, secret: SECRET, bootedAt: 1_795_351_835, ringMs: 5, talkMs: 5, ...options });

/** Starts a stand-in as the remote system of the contract of actions, with a call from outside that rings at 101. */
export async function exchangePeer(): Promise<ActionPeer> {
  const pbx = await startExchange();
  pbx.incoming({ from: '79161234567', to: '101' });
  const taken = () => Object.values(pbx.stats().actions).reduce((sum, count) => sum + count, 0);
  return {
    connection: reaching(pbx),
    hang: async () => {
      const before = taken();
      pbx.setFault('hang');
      await until('the action in the exchange', () => taken() > before, 5_000);
    },
    lose: () => pbx.setFault('cut'),
    ids: () => pbx.stats().originated.flatMap(({ variables }) => variables.map((one) => one.replace(/^_*SLUICE_CALL=/, ''))),
    connections: () => pbx.stats().sessions,
    close: async () => {
      await pbx.close();
      // the client is notified in the next turn of the event loop
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    },
  };
}

/** Starts a stand-in as the source of the contract of triggers: each event is a call from outside. */
export async function callingPeer(): Promise<TriggerPeer> {
  const pbx = await startExchange();
  return {
    connection: reaching(pbx),
    produce: async () => {
      await until('a listener', () => pbx.stats().actions['Events'] !== undefined, 5_000);
      pbx.incoming({ from: '79161234567', to: '101' });
    },
    lose: () => pbx.restart(),
    close: () => pbx.close(),
  };
}
