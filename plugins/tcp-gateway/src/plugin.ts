import { definePlugin, type Host } from '@sluice/plugin-api';
import { broadcast } from './broadcast.js';
import { connection, type Config } from './config.js';
import { PostgresMailbox } from './delivery/mailbox/postgres-mailbox.js';
import { Gateway } from './gateway.js';
import { message } from './message.js';
import { send } from './send.js';

/** A call is work in memory and a share of one statement, so it needs no pace. */
const CALLS_AT_ONCE = 1_000;

export const plugin = definePlugin({
  name: 'tcp-gateway',
  api: '^1',
  connection,
  serves: true,
  provides: { desktops: (gateway: Gateway) => gateway.forPlugins },
  open: async (config: Config, host: Host): Promise<Gateway> => {
    const mailbox = await PostgresMailbox.open({
      database: host.services.database,
      log: host.log,
      now: () => host.now().getTime(),
      signal: host.signal,
    });
    return Gateway.open(config, host, mailbox);
  },
  maxCalls: () => CALLS_AT_ONCE,
  triggers: { message },
  actions: { send, broadcast },
});
