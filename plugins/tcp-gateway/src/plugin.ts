import { definePlugin, type Host } from '@sluice/plugin-api';
import { broadcast } from './broadcast.js';
import { connection, type Config } from './config.js';
import type { Gateway } from './gateway.js';
import { message } from './message.js';
import { send } from './send.js';

/** Maximum concurrent calls. A call needs only memory and a part of one database statement, so calls need no pace. */
const MAX_CONCURRENT_CALLS = 1_000;

export const plugin = definePlugin({
  name: 'tcp-gateway',
  api: '^1',
  connection,
  serves: true,
  provides: { desktops: (gateway: Gateway) => gateway.forPlugins },
  open: async (config: Config, host: Host): Promise<Gateway> => {
    // imported here because the server and its delivery are ninety modules, which `sluice lint` does not need
    const [{ PostgresMailbox }, { Gateway }] = await Promise.all([
      import('./delivery/mailbox/postgres-mailbox.js'),
      import('./gateway.js'),
    ]);
    const mailbox = await PostgresMailbox.open({
      database: host.services.database,
      log: host.log,
      clock: host.clock,
      signal: host.signal,
    });
    return Gateway.open(config, host, mailbox);
  },
  maxCalls: () => MAX_CONCURRENT_CALLS,
  triggers: { message },
  actions: { send, broadcast },
});
