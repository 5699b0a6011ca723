import { describe, expect, it } from '@jest/globals';
import { compileWorkspace, parseWorkspaceFile } from '@sluice/flow';
import { MemoryLog } from '@sluice/testing';
import type { LoadedWorkspace } from './load-workspace.js';
import { Reloader } from './reloader.js';

const { file } = parseWorkspaceFile({ file: 'sluice.yaml', bytes: Buffer.from('sluice: 1\nplugins: []\n') });
const { workspace } = compileWorkspace({ workspace: file!, flows: [], plugins: new Map(), env: {} });
const nothing = { added: [], changed: [], removed: [] };

describe('Reloader', () => {
  it('loads twice for 100 requests: once for the first, and once for all that arrive during it', async () => {
    let loads = 0;
    let proceed = () => undefined as void;
    const first = new Promise<void>((resolve) => (proceed = resolve));
    const reloader = new Reloader({
      workspace: workspace!,
      load: async () => {
        if (++loads === 1) await first;
        return { workspace, files: [], findings: [] } as unknown as LoadedWorkspace;
      },
      engine: { reload: async () => ({ flows: nothing, connections: nothing }) },
      files: { refused: () => undefined, applied: () => undefined } as never,
      onLoaded: () => undefined,
      onApplied: async () => undefined,
      log: new MemoryLog(),
    });
    const requests = [reloader.reload()];
    while (loads === 0) await Promise.resolve();
    for (let n = 1; n < 100; n++) requests.push(reloader.reload());
    proceed();
    expect(await Promise.all(requests)).toHaveLength(100);
    expect(loads).toBe(2);
    await reloader.reload();
    expect(loads).toBe(3);
  });
});
