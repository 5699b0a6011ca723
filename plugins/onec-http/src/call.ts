import { action } from '@sluice/plugin-api';
import { emitAnswer, emitAs } from '@sluice/onec';
import { z } from 'zod';
import type { OnecClient } from './client.js';

const JSON_BODY = { 'content-type': 'application/json; charset=utf-8' };

/** Calls a method of the service at `<baseUrl>/v1`; its output is the answer of the method. */
export const call = action({
  title: 'Call a method of an HTTP service of 1C',
  input: z.strictObject({
    method: z.string().min(1).describe('name of the method, by which 1C chooses the handler'),
    data: z.unknown().optional().describe('argument of the method'),
    emitAs,
  }),
  output: z.unknown(),
  idempotent: 'by-key',
  async run(client: OnecClient, input, call) {
    const result = await client.send(requestOf(client.style, input.method, input.data), call);
    emitAnswer(call, input.emitAs, input.data, result);
    return result;
  },
});

function requestOf(style: OnecClient['style'], method: string, data: unknown) {
  if (style === 'query') {
    return {
      name: method,
      method: 'GET',
      path: '/v1',
      query: { method, ...(data !== undefined && { data: JSON.stringify(data) }) },
    };
  }
  return { name: method, method: 'POST', path: '/v1', headers: JSON_BODY, body: JSON.stringify({ method, data }) };
}
