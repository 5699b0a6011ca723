/** One timer serves all receivers whose delays are within this time: they receive the event together. */
const STEP_MS = 50;

/** Returns a delay in milliseconds for each of `count` receivers: evenly spaced from 0 to `spreadMs`, in random order. */
export function spreadDelays(count: number, spreadMs: number, random: () => number): readonly number[] {
  const delays = Array.from({ length: count }, (_, n) => Math.floor((n * spreadMs) / Math.max(1, count)));
  for (let n = delays.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [delays[n], delays[other]] = [delays[other] as number, delays[n] as number];
  }
  return delays;
}

/** Calls `deliver` once for each receiver after its delay from {@link spreadDelays}. */
export function deliverWithDelays<Receiver>(
  receivers: readonly Receiver[],
  spreadMs: number,
  deliver: (receiver: Receiver) => void,
  after: (ms: number, run: () => void) => unknown,
): void {
  const steps = new Map<number, Receiver[]>();
  const delays = spreadDelays(receivers.length, spreadMs, Math.random);
  receivers.forEach((receiver, n) => {
    const step = Math.floor((delays[n] ?? 0) / STEP_MS);
    steps.set(step, [...(steps.get(step) ?? []), receiver]);
  });
  for (const [step, group] of steps) {
    if (step === 0) group.forEach(deliver);
    else after(step * STEP_MS, () => group.forEach(deliver));
  }
}
