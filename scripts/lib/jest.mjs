// Runs Jest projects and counts their results.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Jest loads ES modules only with this flag, about which Node would warn in every process. */
const JEST = [
  process.execPath,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];

/**
 * Runs the tests of a project.
 *
 * @param {{ project: string, workers: number, limitMs: number, env?: object }} stage
 * @param {readonly string[]} args further arguments of Jest, such as path filters
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function runJest({ project, workers, limitMs, env = {} }, args = []) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-jest-'));
  const results = join(folder, 'results.json');
  try {
    const { code, late } = await run(
      [
        ...JEST,
        '--selectProjects',
        project,
        '--maxWorkers',
        String(workers),
        '--passWithNoTests',
        '--json',
        '--outputFile',
        results,
        ...args,
      ],
      { env, limitMs },
    );
    if (late)
      console.error(
        `${project}: stopped after ${limitMs / 60_000} minutes: find the test that hangs, or the handle that keeps the process alive`,
      );
    return late ? { passed: 0, failed: 1, skipped: 0 } : count(readResults(results), code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined; // Jest died before it wrote the file
    throw error;
  }
}

/**
 * Counts the tests. A file that could not be run counts as one failure, and so does a Jest that exits with an error without a failed test.
 */
function count(results, code) {
  if (!results) return { passed: 0, failed: 1, skipped: 0 };
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}
