// Runs Jest projects and counts what came of it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Jest loads ES modules through this flag only, and Node warns about it in every process. */
const JEST = [
  process.execPath,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];

/**
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
        `${project}: ended after ${limitMs / 60_000} minutes: a test hangs, or something keeps the process from ending`,
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
    if (error.code === 'ENOENT') return undefined; // Jest died before it wrote them
    throw error;
  }
}

/** A file that could not be run has no tests to count, so it counts as one failure; so does a Jest that ends badly with nothing failed. */
function count(results, code) {
  if (!results) return { passed: 0, failed: 1, skipped: 0 };
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}
