import type { Step } from './model.js';

/** Yields the steps of a list and those inside of them, each before its inner steps. */
export function* stepsIn(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    if (step.verb === 'switch') yield* stepsIn([...step.cases.flatMap((one) => one.steps), ...step.otherwise]);
    if (step.verb === 'forEach') yield* stepsIn(step.steps);
    if (step.verb === 'try') yield* stepsIn([...step.steps, ...step.catch]);
  }
}
