import { definePlugin } from '@sluice/plugin-api';
import { lanes } from '@sluice/onec';
import { call } from './call.js';
import { WsdlSoapClient, type SoapClient } from './client.js';
import { connection } from './config.js';
import { lint } from './lint.js';

export const plugin = definePlugin({
  name: 'onec-soap',
  api: '^1',
  connection,
  open: async (config, host): Promise<SoapClient> => new WsdlSoapClient(config, host),
  check: (client: SoapClient) => client.check(),
  address: ({ baseUrl }) => baseUrl,
  pace: { concurrency: { start: 2, max: 4, adaptive: true } },
  maxCalls: lanes,
  lint,
  triggers: {},
  actions: { call },
});
