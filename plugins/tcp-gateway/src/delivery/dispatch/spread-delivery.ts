/** How finely a spread is cut. */
const STEP_MS = 50;

/** A time for each of `count` receivers: evenly over the time, in an order drawn by chance, the first at once. */
export function spreadOver(count: number, spreadMs: number, random: () => number): readonly number[] {
  const times = Array.from({ length: count }, (_, n) => Math.floor((n * spreadMs) / Math.max(1, count)));
  for (let n = times.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [times[n], times[other]] = [times[other] as number, times[n] as number];
  }
  return times;
}

/** Calls `give` for each receiver at a time of its own; those of one step together. */
export function giveSpread<Receiver>(
  receivers: readonly Receiver[],
  spreadMs: number,
  give: (receiver: Receiver) => void,
  after: (ms: number, run: () => void) => unknown,
): void {
  const steps = new Map<number, Receiver[]>();
  const times = spreadOver(receivers.length, spreadMs, Math.random);
  receivers.forEach((receiver, n) => {
    const step = Math.floor((times[n] ?? 0) / STEP_MS);
    steps.set(step, [...(steps.get(step) ?? []), receiver]);
  });
  for (const [step, group] of steps) {
    if (step === 0) group.forEach(give);
    else after(step * STEP_MS, () => group.forEach(give));
  }
}
