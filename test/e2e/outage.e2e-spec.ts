import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRabbit, type RabbitServer } from '@sluice/testing';
import { ask, post } from '../support/api.js';
import { HostProcess } from '../support/host.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder } from '../support/workspace.js';

const FILES = { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW };

describe('a host with RabbitMQ and an embedded database', () => {
  let rabbit: RabbitServer;
  let stage: Stage;

  beforeAll(async () => {
    rabbit = await startRabbit();
    stage = await Stage.open({ env: { SLUICE_RABBITMQ_URL: rabbit.url }, files: FILES });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await rabbit?.stop();
  }, START_TIMEOUT_MS);

  it(
    'refuses to start beside another host on the same broker, and reports that both need servers',
    async () => {
      const home = makeFolder('home');
      const second = new HostProcess({
        workspace: stage.workspace.path,
        home: home.path,
        env: { SLUICE_RABBITMQ_URL: rabbit.url, ERP_URL: stage.onec.url },
      });
      try {
        await expect(second.start()).rejects.toThrow(/another host uses this RabbitMQ.*SLUICE_DATABASE_URL/);
        expect(await second.ended()).toEqual({ code: 1, signal: null });
        expect(second.leftBehind()).toEqual([]);
      } finally {
        await second.dispose();
        home.remove();
      }
    },
    START_TIMEOUT_MS,
  );

  it(
    'refuses to start in the folder of a running host, and names that host',
    async () => {
      const second = new HostProcess({
        workspace: stage.workspace.path,
        home: stage.host.home,
        env: { ERP_URL: stage.onec.url },
      });
      await expect(second.start()).rejects.toThrow(new RegExp(`\\b${stage.host.pid}\\b`));
      expect(await second.ended()).toEqual({ code: 1, signal: null });
      await second.dispose();
      expect(await ask(`${stage.url}/health/ready`)).toMatchObject({ status: 200 });
    },
    START_TIMEOUT_MS,
  );

  it(
    'answers 503 with Retry-After while its broker is down, and accepts events after its return',
    async () => {
      const door = `${stage.url}/events/order.created`;
      await rabbit.kill();
      const refused = await post(door, { number: 1 });
      expect(refused).toMatchObject({ status: 503, body: { code: 'BUS_UNAVAILABLE', cure: expect.any(String) } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      await until('the host to report that it is not ready', async () => (await ask(`${stage.url}/health/ready`)).status === 503);
      expect(await ask(`${stage.url}/health/live`)).toMatchObject({ status: 200 });

      await rabbit.restart();
      await until('the host to be ready', async () => (await ask(`${stage.url}/health/ready`)).status === 200);
      expect(await post(door, { number: 2 })).toMatchObject({ status: 202 });
      await until('the call', () => stage.onec.stats().done === 1);
    },
    START_TIMEOUT_MS,
  );
});
