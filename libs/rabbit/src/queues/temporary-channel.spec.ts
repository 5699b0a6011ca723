import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { ChannelModel } from 'amqplib';
import { claimSoleHost } from './single-host-guard.js';
import { withChannel } from './temporary-channel.js';
import { Names } from './topology.js';

/** A connection whose channels are closed already when `close` is called, so that `close` throws, as in amqplib. */
function connectionOf(channel: object): ChannelModel {
  const close = () => {
    throw new Error('Channel closed');
  };
  const open = () => Promise.resolve(Object.assign(new EventEmitter(), { close }, channel));
  return { createChannel: open, createConfirmChannel: open } as unknown as ChannelModel;
}

describe('a channel that is closed already', () => {
  it('does not hide the error of its request', async () => {
    const request = withChannel(connectionOf({}), () => Promise.reject(new Error('404 NOT_FOUND')));
    await expect(request).rejects.toThrow('404 NOT_FOUND');
  });

  it('does not hide the result of its request', async () => {
    expect(await withChannel(connectionOf({}), () => Promise.resolve(7))).toBe(7);
  });

  it('does not hide why the check for other hosts failed', async () => {
    const waitForConfirms = () => Promise.reject(new Error('connection lost'));
    const connection = connectionOf({ publish: () => true, waitForConfirms });
    await expect(claimSoleHost(connection, new Names(''), false)).rejects.toThrow('connection lost');
  });
});
