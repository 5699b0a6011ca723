import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { NewEvent } from '@sluice/plugin-api';
import { openPlugin, until } from '@sluice/testing';
import { reaching, startExchange } from '../test/ami-peer.js';
import { call } from './call.js';
import type { CallPhase } from './call-tracker.js';
import { followCall } from './follow-call.js';
import { plugin } from './plugin.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open() {
  const pbx = await startExchange();
  closing.push(() => pbx.close());
  const opened = await openPlugin(plugin, reaching(pbx));
  closing.push(() => opened.close());
  return { pbx, ...opened };
}

const untilCollected = (what: string, reference: WeakRef<object>) =>
  until(what, () => {
    collectGarbage();
    return reference.deref() === undefined;
  });

describe('a session that outlives what uses it', () => {
  it('keeps nothing of a call that was followed', async () => {
    const { client } = await open();
    const follow = async () => {
      const end = await followCall(client, 'gone', 1_000, new AbortController().signal, async () => ({ state: undefined }));
      expect(end).toMatchObject({ result: 'unknown' });
      return new WeakRef(end);
    };
    await untilCollected('the end of the call to be collected', await follow());
  });

  it('keeps nothing of a subscription that has stopped', async () => {
    const { client, pbx } = await open();
    const subscribe = async () => {
      const accept = async (event: NewEvent<CallPhase>) => ({ id: event.id ?? '' });
      const ending = new AbortController();
      const subscription = call.subscribe(client, call.options.parse({}), accept, ending.signal, 'flow');
      await until('the listing of channels', () => pbx.stats().actions['CoreShowChannels'] === 1);
      ending.abort();
      await subscription;
      return new WeakRef(accept);
    };
    await untilCollected('the function that accepts phases to be collected', await subscribe());
  });
});
