import { describe, expect, it } from '@jest/globals';
import { definePlugin, type AnyPlugin } from '@sluice/plugin-api';
import { z } from 'zod';
import { formatFindings } from '../format.js';
import { compileWorkspace } from './compile-workspace.js';
import { parseWorkspaceFile } from './workspace-file.js';

function pluginOf(name: string, more: Partial<AnyPlugin>): AnyPlugin {
  const open = async () => ({ close: async () => undefined });
  const plugin: AnyPlugin = definePlugin({
    name,
    api: '^1',
    connection: z.strictObject({}).default({}),
    open,
    triggers: {},
    actions: {},
  });
  return { ...plugin, ...more };
}

const CHAT = pluginOf('chat', { uses: { desktops: 'required' } });
const BOARD = pluginOf('board', { uses: { desktops: 'optional' } });
const GATE = pluginOf('gate', { provides: { desktops: () => ({}) as never } });

function findings(connections: string): readonly string[] {
  const text = `sluice: 1\nplugins: ['./chat', './board', './gate']\nconnections: ${connections}\n`;
  const { file } = parseWorkspaceFile({ file: 'sluice.yaml', bytes: Buffer.from(text) });
  if (!file) throw new Error('sluice.yaml cannot be read');
  const plugins = new Map([CHAT, BOARD, GATE].map((plugin) => [plugin.name, plugin]));
  return compileWorkspace({ workspace: file, flows: [], plugins, env: {} }).findings.map((one) => formatFindings([one]));
}

describe('a plugin that needs a capability', () => {
  it('is an error at its connection when no connection provides the capability', () => {
    const [first, ...others] = findings('{ talks: { use: chat } }');
    expect(others).toEqual([]);
    expect(first).toContain('chat needs a gateway to desktop clients, and no connection provides one');
    expect(first).toContain("add '@sluice/plugin-tcp-gateway' to plugins");
  });

  it('is accepted when a connection provides it, and when the capability is optional', () => {
    expect(findings('{ talks: { use: chat }, desktops: { use: gate } }')).toEqual([]);
    expect(findings('{ plan: { use: board } }')).toEqual([]);
  });
});
