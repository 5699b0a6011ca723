import { describe, expect, it } from '@jest/globals';
import { fail, type Clock } from '@sluice/plugin-api';
import { FakeHost, until } from '@sluice/testing';
import { CallListener } from './call-listener.js';
import { CallTracker } from './call-tracker.js';
import type { AmiClient } from '../client.js';
import type { Listing } from '../ami/session.js';
import type { AmiAction } from '../ami/write-action.js';

const channel = (number: number) => ({ Uniqueid: `5.${number}`, Linkedid: `5.${number}`, CallerIDNum: `7916${number}` });
const begins = (number: number) => ({ Event: 'Newchannel', ...channel(number) });
const ends = (number: number) => ({ Event: 'Hangup', Cause: '16', ...channel(number) });

const ORDER_FAILED = {
  Event: 'OriginateResponse',
  Response: 'Failure',
  ActionID: 'x',
  CallerIDNum: '7916',
  Channel: 'PJSIP/trunk',
};

/**
 * Returns a listener to an exchange that lists its channels when the test calls `answer`, the reported phases with callers and causes, and
 * the number of timers that the listener has started.
 */
async function listen() {
  const reported: string[] = [];
  const lists: ((up: readonly number[] | Error) => void)[] = [];
  const host = new FakeHost('pbx', () => new Date(0), 'UTC');
  let started = 0;
  const clock: Clock = {
    ...host.clock,
    after: (ms, run) => {
      started++;
      return host.clock.after(ms, run);
    },
  };
  const list = () =>
    new Promise<Listing>((resolve, reject) =>
      lists.push((up) => {
        if (up instanceof Error) reject(up);
        else resolve({ response: {}, items: up.map((number) => ({ Event: 'CoreShowChannel', ...channel(number) })) });
      }),
    );
  const ask = ({ Channel }: AmiAction) => Promise.resolve({ Response: 'Success', Value: `dialled by ${String(Channel)}` });
  const client = { host: { log: host.log, clock, now: () => host.now() }, where: 'Asterisk', list, ask } as unknown as AmiClient;
  const tracker = new CallTracker({ extensions: /^\d{3}$/, recording: 'FILE', variables: [] });
  const listener = new CallListener(client, tracker, ({ data }) => reported.push(`${data.phase} ${data.from} ${data.cause}`), 5);
  const listing = () => until('the request', () => lists.length > 0);
  const answer = async (up: readonly number[] | Error) => {
    await listing();
    lists.shift()?.(up);
  };
  const first = listener.catchUp();
  await answer([1, 2]);
  await first;
  return { listener, tracker, reported, answer, listing, lists, timers: () => started, log: host.log };
}

describe('a listener to calls', () => {
  it('finishes only the calls that ended in a gap', async () => {
    const { listener, reported, answer } = await listen();
    listener.missed();
    await answer([2]);
    await until('the end of the call', () => reported.length > 0);
    listener.hear(ends(2));
    expect(reported).toEqual(['finished 79161 null', 'finished 79162 16']);
  });

  it('reports the cause of a call that ends while the channels are listed', async () => {
    const { listener, reported, answer } = await listen();
    const caughtUp = listener.catchUp();
    listener.hear(ends(1));
    await answer([2]);
    await caughtUp;
    expect(reported).toEqual(['finished 79161 16']);
  });

  it('lists the channels again after a gap during the listing', async () => {
    const { listener, reported, answer } = await listen();
    listener.missed();
    listener.missed();
    await answer([1, 2]);
    await answer([2]);
    await until('the end of the call', () => reported.length > 0);
    expect(reported).toEqual(['finished 79161 null']);
  });

  it('continues when the exchange does not list its channels', async () => {
    const { listener, reported, answer, log } = await listen();
    listener.missed();
    await answer(fail.TIMED_OUT('no answer'));
    await until('the warning', () => log.lines.length > 0);
    listener.hear(begins(3));
    listener.hear(ends(3));
    expect(reported).toEqual(['finished 79163 16']);
  });

  it('reports no phase after its end, although the channels are listed later', async () => {
    const { listener, tracker, reported, answer, listing, timers } = await listen();
    const before = tracker.channels;
    const caughtUp = listener.catchUp();
    await listing();
    listener.hear(begins(3));
    listener.hear(ORDER_FAILED);
    listener.stop(true);
    await answer([2, 4]);
    await caughtUp;
    listener.hear(ends(2));
    expect(reported).toEqual([]);
    expect(tracker.channels).toEqual(before);
    expect(timers()).toBe(0);
  });

  it('does not list the channels after its end', async () => {
    const { listener, lists } = await listen();
    listener.stop(true);
    void listener.catchUp();
    await new Promise((resolve) => setImmediate(resolve));
    expect(lists).toEqual([]);
  });

  it('finishes an order that rang nobody after some time', async () => {
    const { listener, reported } = await listen();
    listener.hear(ORDER_FAILED);
    expect(reported).toEqual([]);
    await until('the end of the order', () => reported.length > 0);
    expect(reported).toEqual(['finished 7916 null']);
  });
});
