let running = 0;
let random = Math.random;

/**
 * Runs the work while `Math.random` returns 0.5, so that the pauses of retries are exactly those of the policy, and a test has the same
 * result in each run. Applies to the whole process until the work has ended.
 */
export async function withoutJitter<Result>(work: () => Promise<Result>): Promise<Result> {
  if (running++ === 0) {
    random = Math.random;
    Math.random = () => 0.5;
  }
  try {
    return await work();
  } finally {
    if (--running === 0) Math.random = random;
  }
}
