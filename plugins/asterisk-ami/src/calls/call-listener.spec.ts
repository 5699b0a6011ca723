import { describe, expect, it } from '@jest/globals';
import { fail } from '@sluice/plugin-api';
import { FakeHost, until } from '@sluice/testing';
import { CallListener } from './call-listener.js';
import { CallTracker } from './call-tracker.js';
import type { AmiClient } from '../client.js';
import type { Listing } from '../ami/session.js';
import type { AmiAction } from '../ami/write-action.js';

const channel = (number: number) => ({ Uniqueid: `5.${number}`, Linkedid: `5.${number}`, CallerIDNum: `7916${number}` });
const begins = (number: number) => ({ Event: 'Newchannel', ...channel(number) });
const ends = (number: number) => ({ Event: 'Hangup', Cause: '16', ...channel(number) });

/** A listener to an exchange that lists its channels when the test lets it; what has been told are phases and callers. */
async function listen() {
  const told: string[] = [];
  const lists: ((up: readonly number[] | Error) => void)[] = [];
  const host = new FakeHost('pbx', () => new Date(0), 'UTC');
  const list = () =>
    new Promise<Listing>((resolve, reject) =>
      lists.push((up) => {
        if (up instanceof Error) reject(up);
        else resolve({ response: {}, items: up.map((number) => ({ Event: 'CoreShowChannel', ...channel(number) })) });
      }),
    );
  const ask = ({ Channel }: AmiAction) => Promise.resolve({ Response: 'Success', Value: `dialled by ${String(Channel)}` });
  const client = { host, where: 'Asterisk', list, ask } as unknown as AmiClient;
  const tracker = new CallTracker({ extensions: /^\d{3}$/, recording: 'FILE', variables: [] });
  const listener = new CallListener(client, tracker, ({ data }) => told.push(`${data.phase} ${data.from} ${data.cause}`));
  const answer = async (up: readonly number[] | Error) => {
    await until('the question', () => lists.length > 0);
    lists.shift()?.(up);
  };
  const first = listener.catchUp();
  await answer([1, 2]);
  await first;
  return { listener, told, answer, log: host.log };
}

describe('a listener to calls', () => {
  it('finishes the calls whose end was in a gap, and no others', async () => {
    const { listener, told, answer } = await listen();
    listener.missed();
    await answer([2]);
    await until('the end of the call', () => told.length > 0);
    listener.hear(ends(2));
    expect(told).toEqual(['finished 79161 null', 'finished 79162 16']);
  });

  it('hears what is said while the channels are listed, and knows the cause from it', async () => {
    const { listener, told, answer } = await listen();
    const caughtUp = listener.catchUp();
    listener.hear(ends(1));
    await answer([2]);
    await caughtUp;
    expect(told).toEqual(['finished 79161 16']);
  });

  it('asks once more after a gap that comes while it asks', async () => {
    const { listener, told, answer } = await listen();
    listener.missed();
    listener.missed();
    await answer([1, 2]);
    await answer([2]);
    await until('the end of the call', () => told.length > 0);
    expect(told).toEqual(['finished 79161 null']);
  });

  it('goes on hearing when the exchange does not list its channels', async () => {
    const { listener, told, answer, log } = await listen();
    listener.missed();
    await answer(fail.TIMED_OUT('no answer'));
    await until('the complaint', () => log.lines.length > 0);
    listener.hear(begins(3));
    listener.hear(ends(3));
    expect(told).toEqual(['finished 79163 16']);
  });
});
