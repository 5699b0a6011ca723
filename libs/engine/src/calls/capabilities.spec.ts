import { describe, expect, it } from '@jest/globals';
import { definePlugin, type AnyPlugin, type DesktopGateway, type Host, type Services, systemClock } from '@sluice/plugin-api';
import { FakeWorkspace, MemoryLog, until } from '@sluice/testing';
import { z } from 'zod';
import { Connections } from './connections.js';

const location = { file: 'sluice.yaml', line: 1, column: 1 };
const spec = (name: string, plugin: string) => ({ name, plugin, location, config: {}, secrets: [] });

/** A plugin that remembers its hosts and closed clients. */
function pluginOf(name: string, more: Partial<AnyPlugin> = {}) {
  const hosts: Host[] = [];
  let closed = 0;
  const plugin: AnyPlugin = definePlugin({
    name,
    api: '^1',
    connection: z.strictObject({}),
    open: async (_config, host) => {
      hosts.push(host);
      return { close: async () => void closed++ };
    },
    triggers: {},
    actions: {},
  });
  return { plugin: { ...plugin, ...more }, hosts, closed: () => closed };
}

const GATEWAY = {} as DesktopGateway;

/** The services of a host before the engine adds capabilities. */
const services = (): Services =>
  Object.assign(Object.create(new FakeWorkspace().host()) as object, { desktops: undefined }) as never;

function workspaceOf(connections: readonly string[], use: 'required' | 'optional' = 'required') {
  const gateway = pluginOf('gate', { provides: { desktops: () => GATEWAY } });
  const chat = pluginOf('chat', { uses: { desktops: use } });
  const plugins = new Map([gateway, chat].map(({ plugin }) => [plugin.name, plugin]));
  const all = new Connections(
    connections.map((name) => spec(name, name.startsWith('gate') ? 'gate' : 'chat')),
    plugins,
    { log: new MemoryLog(), clock: systemClock, mask: (text) => text, services },
  );
  return { gateway, chat, all };
}

describe('a capability of another plugin', () => {
  it('resolves with the capability of the only connection that provides it', async () => {
    const { all, chat } = workspaceOf(['chat', 'gate']);
    await all.get('chat', 'chat').client();
    await expect(chat.hosts[0]?.services.desktops?.()).resolves.toBe(GATEWAY);
    await expect(chat.hosts[0]?.services.desktops?.('gate')).resolves.toBe(GATEWAY);
    await all.close();
  });

  it('leaves the other services as they are', async () => {
    const { all, chat } = workspaceOf(['chat', 'gate']);
    await all.get('chat', 'chat').client();
    expect(chat.hosts[0]?.services.tokens.issuersOf('desktop')).toEqual(['operator']);
    await all.close();
  });

  it('is absent for a plugin that does not declare it, and when it is optional and no connection provides it', async () => {
    const { all, gateway } = workspaceOf(['gate']);
    await all.get('gate', 'gate').client();
    expect(gateway.hosts[0]?.services.desktops).toBeUndefined();
    const alone = workspaceOf(['chat'], 'optional');
    await alone.all.get('chat', 'chat').client();
    expect(alone.chat.hosts[0]?.services.desktops).toBeUndefined();
    await Promise.all([all.close(), alone.all.close()]);
  });

  it.each([
    ['no connection provides it', ['chat'], undefined, "add '@sluice/plugin-tcp-gateway' to plugins"],
    ['several connections provide it', ['chat', 'gate1', 'gate2'], undefined, 'name one of gate1, gate2'],
    ['the named connection does not provide it', ['chat', 'gate'], 'chat', 'name one of gate'],
  ])('rejects with CONFIG_INVALID when %s', async (_case, connections, wanted, cure) => {
    const { all, chat } = workspaceOf(connections);
    await all.get('chat', 'chat').client();
    await expect(chat.hosts[0]?.services.desktops?.(wanted)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(cure),
    });
    await all.close();
  });

  it('closes the client that uses it, and opens another, when the connection that provides it is lost', async () => {
    const { all, gateway, chat } = workspaceOf(['chat', 'gate']);
    const user = all.get('chat', 'chat');
    await user.client();
    await chat.hosts[0]?.services.desktops?.();
    gateway.hosts[0]?.lost(new Error('cut off'));
    await until('the client to be closed', () => chat.closed() === 1);
    expect(chat.hosts[0]?.signal.aborted).toBe(true);
    await user.client();
    await expect(chat.hosts[1]?.services.desktops?.()).resolves.toBe(GATEWAY);
    expect(gateway.hosts).toHaveLength(2);
    await all.close();
  });

  it('does not touch a client that was closed before the connection that provides it is lost', async () => {
    const { all, gateway, chat } = workspaceOf(['chat', 'gate']);
    const user = all.get('chat', 'chat');
    await user.client();
    await chat.hosts[0]?.services.desktops?.();
    chat.hosts[0]?.lost(new Error('of its own'));
    await user.client();
    gateway.hosts[0]?.lost(new Error('cut off'));
    await until('the lost gateway to be closed', () => gateway.closed() === 1);
    expect(chat.closed()).toBe(1);
    expect(chat.hosts[1]?.signal.aborted).toBe(false);
    await all.close();
  });

  it('keeps no listener for a client that closed while the connection that provides it was opening', async () => {
    const { all, gateway, chat } = workspaceOf(['chat', 'gate']);
    const provider = all.get('gate', 'gate');
    let listeners = 0;
    const onLost = provider.onLost.bind(provider);
    provider.onLost = (back) => {
      const forget = onLost(back);
      listeners++;
      return () => {
        listeners--;
        forget();
      };
    };
    await all.get('chat', 'chat').client();
    const taken = chat.hosts[0]?.services.desktops?.();
    chat.hosts[0]?.lost(new Error('of its own'));
    await expect(taken).rejects.toThrow('of its own');
    expect(gateway.hosts).toHaveLength(1);
    expect(listeners).toBe(0);
    await all.close();
  });
});
