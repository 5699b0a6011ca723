/**
 * Runs the tests that flows declare: the engine, the pace and the store of production on adapters in memory and a virtual clock, with mocks
 * in place of the calls. No server is needed. Begin to read at `run-flow-test.ts`. `dry-run.ts` runs a flow on one event in the same way, and
 * returns its steps.
 */
export { runFlowTest, type FlowTestInput, type FlowTestResult } from './run-flow-test.js';
export type { Observed, ObservedRun } from './compare.js';
export type { EntryDifference, Mismatch, MismatchCode } from './matching.js';
export { Coverage, coveragePoints, lcovOf, type CoveragePoint, type Hits } from './coverage.js';
export { withCallees } from './tested-parts.js';
export { dryRun, type DryRunInput, type DryRunResult } from './dry-run.js';
export { MAX_TRACED_STEPS, type TracedAttempt, type TracedBlock, type TracedStep } from './trace.js';
export type { CallTarget, RunWatch, WatchedAnswer, WatchedCall } from './watch.js';
