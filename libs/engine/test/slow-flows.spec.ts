import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

/** Maximum time for which a step may block the event loop: the limit of 200 ms of its expressions, and the time of the last operation. */
const MAX_HELD_MS = 300;
const SCRIPT = fileURLToPath(new URL('./support/run-slow-flow.mjs', import.meta.url));
const run = promisify(execFile);

/** Runs a flow in a process of its own, on the built packages. */
async function measure(name: string): Promise<{ readonly outcome: string; readonly heldMs: number; readonly code?: string }> {
  const { stdout } = await run(process.execPath, [SCRIPT, name], { timeout: 120_000 });
  return JSON.parse(stdout) as { readonly outcome: string; readonly heldMs: number };
}

describe('a flow with slow expressions', () => {
  it.each([
    ['a switch with 100 cases', 'choose'],
    ['an emit with slow fields', 'tell'],
  ])('is parked with the name of its step: %s', async (name, step) => {
    const { heldMs, ...end } = await measure(name);
    expect(end).toMatchObject({
      outcome: 'parked',
      code: 'EXPR_LIMIT',
      step,
      message: expect.stringContaining(`the expressions of step ${step} take longer than 200 ms`),
    });
    expect(heldMs).toBeLessThan(MAX_HELD_MS);
  });

  it('lets other work go on between its steps', async () => {
    const { heldMs, outcome } = await measure('100 steps with a condition');
    expect(outcome).toBe('done');
    expect(heldMs).toBeLessThan(MAX_HELD_MS);
  });

  it('builds no event that is larger than the limit', async () => {
    const { heldMs, ...end } = await measure('an emit of a list that is 72 MB as JSON');
    expect(end).toMatchObject({ outcome: 'parked', code: 'BODY_TOO_LARGE', step: 'tell' });
    expect(heldMs).toBeLessThan(MAX_HELD_MS);
  });
});
