import path from 'node:path';
import type { Capsule } from '@sluice/admin-contract';
import { writeYaml, type Flow, type SourceFile } from '@sluice/flow';
import { runFlowTest } from '@sluice/flow-test';
import { CommandError } from '../exit.js';
import type { LoadedTest } from '../flow-tests/loaded-tests.js';
import { newTestFile, OfflineWorkspace } from './offline.js';
import { readCapsuleFile } from './read-capsule.js';
import { withoutDifferences, testOf, type Difference, type RecordedTest } from './recorded-test.js';

/** Returns the text of a test file with one recorded test. */
export function recordedFile(flow: string, test: RecordedTest): string {
  return writeYaml({ sluice: 1, flow, tests: [test] });
}

/**
 * Returns the test that repeats a run. Runs it once offline, and leaves out the expectations that the flow does not meet then, such as times.
 *
 * @param original the flow as it was when it ran; absent: as it is in the workspace
 * @throws CommandError for a run that has not ended, and for one without its event
 */
export async function recordedTestOf(
  workspace: OfflineWorkspace,
  { name }: Flow,
  capsule: Capsule,
  original?: Flow,
): Promise<{ readonly test: RecordedTest; readonly differences: readonly Difference[] }> {
  if (capsule.outcome === undefined)
    throw new CommandError(
      `run ${capsule.run} has not ended: record it when it has (sluice find ${capsule.run} shows what it waits for)`,
    );
  if (!capsule.event) throw new CommandError(`the event of run ${capsule.run} is not recorded, so there is nothing to repeat`);
  const whole = testOf(capsule, workspace.find(name));
  const input = await workspace.testOf(name, newTestFile(recordedFile(name, whole)));
  const { observed } = await runFlowTest({ ...input, ...(original && { flow: original }) });
  return withoutDifferences(whole, observed);
}

/**
 * Returns the test of an exported run, and its text as a file of the workspace. The test expects of the flow what the run did then, as far as
 * the revision of the run still does it offline.
 *
 * @param file of "sluice export"
 */
export async function loadExported(
  directory: string,
  file: string,
): Promise<{ readonly test: LoadedTest; readonly source: SourceFile }> {
  const capsule = await readCapsuleFile(file);
  const workspace = await OfflineWorkspace.open(directory);
  const flow = workspace.flow(capsule.flow.name);
  const { test } = await recordedTestOf(workspace, flow, capsule, await workspace.original(capsule));
  const text = recordedFile(flow.name, test);
  const source = { file: `flows/${path.basename(file, '.json')}.test.yaml`, bytes: Buffer.from(text) };
  const input = await workspace.testOf(flow.name, source);
  return { test: { ...input, fingerprint: text, run: () => runFlowTest(input) }, source };
}
