import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, without a timeout of its own: Jest's timeout ends the test. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}
