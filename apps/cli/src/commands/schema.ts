import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jsonSchemas } from '@sluice/flow';
import { loadWorkspace, readWorkspaceEnv } from '@sluice/host/workspace';
import type { Command } from 'commander';
import { print } from '../terminal/print.js';

const FOLDER = '.sluice/schema';

export function addSchema(command: Command): void {
  command
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .action(async ({ workspace }: { workspace: string }) => {
      const { plugins } = await loadWorkspace(workspace, readWorkspaceEnv());
      const folder = path.join(workspace, FOLDER);
      await mkdir(folder, { recursive: true });
      for (const [name, schema] of Object.entries(jsonSchemas(plugins))) {
        const file = path.join(folder, `${name}.json`);
        await writeFile(file, `${JSON.stringify(schema, undefined, 2)}\n`);
        print(file);
      }
    });
}
