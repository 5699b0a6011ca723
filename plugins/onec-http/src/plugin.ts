import { definePlugin } from '@sluice/plugin-api';
import { lanes } from '@sluice/onec';
import { call } from './call.js';
import { HttpOnecClient, type OnecClient } from './client.js';
import { connection } from './config.js';
import { request } from './request.js';

export const plugin = definePlugin({
  name: 'onec-http',
  api: '^1',
  connection,
  open: async (config, host): Promise<OnecClient> => new HttpOnecClient(config, host),
  check: (client: OnecClient) => client.check(),
  address: ({ baseUrl }) => baseUrl,
  pace: { concurrency: { start: 2, max: 4, adaptive: true } },
  maxCalls: lanes,
  triggers: {},
  actions: { call, request },
});
