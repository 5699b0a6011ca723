import { definePlugin } from '@sluice/plugin-api';
import { call } from './triggers/call.js';
import { command, hangup, redirect, setVariable } from './actions/channel-actions.js';
import { SessionClient, type AmiClient } from './client.js';
import { connection } from './config.js';
import { dial } from './actions/dial.js';
import { event } from './triggers/event.js';
import { originate } from './actions/originate.js';

export const plugin = definePlugin({
  name: 'asterisk-ami',
  api: '^1',
  connection,
  open: (config, host): Promise<AmiClient> => SessionClient.open(config, host),
  check: (client: AmiClient) => client.check(),
  diagnose: (client: AmiClient) => client.diagnose(),
  address: ({ host, port }) => `${host}:${port}`,
  pace: { concurrency: { start: 10, max: 10, adaptive: false } },
  maxCalls: (config) => config.maxCalls,
  triggers: { event, call },
  actions: { originate, dial, hangup, setVariable, redirect, command },
});
