import { definePlugin } from '@sluice/plugin-api';
import { FetchingHttpClient, type HttpClient } from './client.js';
import { connection } from './config.js';
import { endpoint } from './endpoint.js';
import { request } from './request.js';

export const plugin = definePlugin({
  name: 'http',
  api: '^1',
  connection,
  open: async (config): Promise<HttpClient> => new FetchingHttpClient(config),
  check: (client: HttpClient) => client.check(),
  address: ({ baseUrl }) => baseUrl,
  triggers: { endpoint },
  actions: { request },
});
