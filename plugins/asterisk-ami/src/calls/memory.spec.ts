import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { NewEvent } from '@sluice/plugin-api';
import { openPlugin, until } from '@sluice/testing';
import { reaching, startExchange } from '../../test/ami-peer.js';
import { call } from '../triggers/call.js';
import type { CallPhase } from './call-phase.js';
import { CallTracker } from './call-tracker.js';
import { followCall } from '../actions/follow-call.js';
import { parsePacket, type Packet } from '../ami/packet.js';
import { plugin } from '../plugin.js';

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

const RECORDINGS = path.join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'asterisk-16');
/** Number of concurrent calls of each recording: about 1,000 channels and 10,000 events together. */
const COPIES = 14;
/** Number of calls in all recordings. */
const CALLS = 49;
const MAX_GROWTH_BYTES = 2_000_000;

/** Returns the events of each recording, with ids and names of their own for each copy. */
function recordings(copy: number): readonly (readonly Packet[])[] {
  return readdirSync(RECORDINGS).map((file) =>
    readFileSync(path.join(RECORDINGS, file), 'utf8')
      .replaceAll(/^(\w*(?:[Uu]nique|[Ll]inked)id|ActionID): (.+)$/gm, `$1: $2-${file}-${copy}`)
      .replaceAll(/^(\w*Channel): (.*?)(;[12])?$/gm, `$1: $2${copy}$3`)
      .split('\n\n')
      .filter(Boolean)
      .map(parsePacket),
  );
}

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe('a tracker after a flood of calls', () => {
  it('has no channel and uses no more memory than before', () => {
    const tracker = new CallTracker({ extensions: /^\d{2,5}$/, recording: 'MIXMONITOR_FILENAME', variables: [] });
    const round = (number: number) => {
      const calls = Array.from({ length: COPIES }, (_, copy) => recordings(number * COPIES + copy)).flat();
      const longest = Math.max(...calls.map(({ length }) => length));
      let [events, finished, channels] = [0, 0, 0];
      for (let at = 0; at < longest; at++)
        for (const packet of calls.map((packets) => packets[at]).filter((sent) => sent !== undefined)) {
          events++;
          finished += tracker.hear(packet, new Date()).filter(({ data }) => data.phase === 'finished').length;
          channels = Math.max(channels, tracker.channels.length);
        }
      finished += tracker.conclude('all').length;
      return { events, finished, channels };
    };
    round(0);
    const before = heapUsed();
    const { events, finished, channels } = round(1);
    expect(heapUsed() - before).toBeLessThan(MAX_GROWTH_BYTES);
    expect(events).toBeGreaterThan(10_000);
    expect(channels).toBeGreaterThan(1_000);
    expect(finished).toBe(CALLS * COPIES);
    expect(tracker.channels).toEqual([]);
  });
});

describe('a session that outlives its users', () => {
  it('keeps no memory of a followed call', async () => {
    const { client } = await open();
    const follow = async () => {
      const end = await followCall(client, 'gone', 1_000, new AbortController().signal, async () => ({ state: undefined }));
      expect(end).toMatchObject({ result: 'unknown' });
      return new WeakRef(end);
    };
    await untilCollected('the end of the call to be collected', await follow());
  });

  it('keeps no memory of a stopped subscription', async () => {
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
