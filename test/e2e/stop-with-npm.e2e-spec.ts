import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '@sluice/runtime';
import { until } from '@sluice/testing';

const RUN = fileURLToPath(new URL('../../scripts/lib/run.mjs', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sluice-npm-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a program of npm start', () => {
  it('stops when npm alone receives SIGTERM', async () => {
    const port = await freePort();
    const script = `import { becomeSluice } from ${JSON.stringify(RUN)};\nawait becomeSluice('emulate', 'onec', '--port', '${port}');\n`;
    await writeFile(path.join(folder, 'start.mjs'), script);
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ scripts: { start: 'node start.mjs' } }));
    const npm = spawn('npm', ['start'], { cwd: folder, stdio: 'ignore' });
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/__stats`).then(
        () => true,
        () => false,
      );
    await until('the program to listen', answers);
    npm.kill('SIGTERM');
    await until('the program to stop', async () => !(await answers()));
    expect(npm.killed).toBe(true);
  });
});
