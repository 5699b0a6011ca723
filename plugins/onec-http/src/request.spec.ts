import { afterEach, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec } from '@sluice/emulator';
import { actionContract, openPlugin } from '@sluice/testing';
import { onecPeer } from '../test/onec-peer.js';
import { plugin } from './plugin.js';

actionContract(plugin, 'request', {
  peer: onecPeer,
  input: { method: 'POST', path: '/v1', body: { method: 'Echo' }, idempotent: 'by-key' },
});

let onec: Onec;

/** Opens a connection whose base URL is that of all HTTP services, so that a service other than `gate` can be called. */
async function open() {
  onec = await startOnec({ port: 0, latencyMs: 1 });
  return openPlugin(plugin, { baseUrl: `${onec.url}/base/hs` });
}

describe('onec-http.request', () => {
  afterEach(() => onec.close());

  it('sends an unchanged body to a path with Cyrillic letters', async () => {
    const opened = await open();
    const input = {
      path: '/обмен/Филиал 2/{1}',
      query: { полный: true },
      headers: { 'Content-Type': 'application/xml' },
      body: '<Ёж/>',
    };
    const answer = (await opened.actions.request({ method: 'PUT', ...input })) as Record<string, unknown>;
    expect(decodeURIComponent(answer['Путь'] as string)).toBe('/Филиал 2/{1}?полный=true');
    expect(answer).toMatchObject({ Метод: 'PUT', Принято: '<Ёж/>'.length });
    await opened.close();
  });

  it.each(['windows-1251', 'utf-16', 'UTF-8'])('encodes the body in the charset %s of its content type', async (charset) => {
    const opened = await open();
    const headers = { 'Content-Type': `application/json; charset=${charset}` };
    const body = { method: 'Echo', data: { Город: 'Тверь' } };
    expect(await opened.actions.request({ method: 'POST', path: '/gate/v1', headers, body })).toEqual({ Город: 'Тверь' });
    await opened.close();
  });

  it('rejects a path outside its base URL', async () => {
    const opened = await open();
    await expect(opened.actions.request({ method: 'GET', path: '/../admin' })).rejects.toMatchObject({ code: 'REJECTED' });
    expect(onec.stats().calls).toBe(0);
    await opened.close();
  });

  it.each(['IBSession', 'X-Request-Id'])('rejects the header %s, which the connector writes itself', async (name) => {
    const opened = await open();
    const failed = opened.actions.request({ method: 'GET', path: '/gate/v1', headers: { [name]: 'x' } });
    await expect(failed).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await opened.close();
  });

  it('is not idempotent unless the flow sets `idempotent`', () => {
    const of = plugin.actions.request.idempotent;
    expect(typeof of === 'function' && of({ method: 'POST', path: '/x', idempotent: 'no' })).toBe('no');
    expect(plugin.actions.request.input.parse({ method: 'GET', path: '/x' }).idempotent).toBe('no');
  });
});
