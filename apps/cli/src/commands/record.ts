import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Capsule } from '@sluice/admin-contract';
import type { Command } from 'commander';
import { openHostApi } from '../admin/operator.js';
import { OfflineWorkspace } from '../capsule/offline.js';
import { fetchCapsule, isCapsuleFile, readCapsuleFile } from '../capsule/read-capsule.js';
import { recordedFile, recordedTestOf } from '../capsule/recorded-file.js';
import { nameOfRun, type Difference } from '../capsule/recorded-test.js';
import { CommandError, EXIT } from '../exit.js';
import { oneLine } from '../terminal/paint.js';
import { print, printNotice } from '../terminal/print.js';

interface Flags {
  readonly workspace: string;
  readonly out?: string;
}

/** Maximum characters of a value in a message. */
const MAX_SHOWN = 120;

export function addRecord(command: Command): void {
  command
    .argument('<run>', 'id of the run (of a parked run a prefix is enough), or a file of "sluice export"')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .option('--out <file>', 'file for the test, "-" for the terminal; default: <flow>.test.yaml beside the flow')
    .action(record);
}

async function record(run: string, { workspace: directory, out }: Flags): Promise<void> {
  const capsule = isCapsuleFile(run) ? await readCapsuleFile(run) : await fetchCapsule((await openHostApi()).admin, run);
  const workspace = await OfflineWorkspace.open(directory);
  const flow = workspace.flow(capsule.flow.name);
  const file = out ?? path.join(directory, path.dirname(flow.location.file), `${flow.name}.test.yaml`);
  if (file !== '-') await refuseSecond(file, capsule);
  const { test, differences } = await recordedTestOf(workspace, flow, capsule);
  const text = recordedFile(flow.name, test);
  const { mismatches } = await workspace.runTestOf(flow.name, text);
  const passes = mismatches.length === 0;
  if (file === '-') print(text.trimEnd());
  else await add(file, text);
  for (const what of capsule.missing) printNotice(`not in the test: ${what}`);
  const masked = text.split("'***'").length - 1;
  if (masked > 0)
    printNotice(`${masked} values are secrets and are written as *** in the test: replace them by test values where they matter`);
  for (const difference of differences) printNotice(differenceText(difference));
  if (file !== '-') printNotice(`${passes ? 'the test passes' : 'the test fails'}: sluice test ${file}`);
  if (!passes) process.exitCode = EXIT.failed;
}

/** @throws CommandError when the file has a test of this run */
async function refuseSecond(file: string, { run }: Pick<Capsule, 'run'>): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
  const line = lineOfTest(text, nameOfRun(run));
  if (line !== undefined)
    throw new CommandError(
      `${oneLine(file)}:${line} has a test of run ${run} already: delete it to record the run again, or name another file with --out`,
    );
}

/** Returns the line of a test whose name begins with this text; undefined when the file has none. */
function lineOfTest(text: string, beginning: string): number | undefined {
  const index = text
    .split('\n')
    .findIndex((line) => /^\s*(?:- )?\s*name: ["']?(.*)$/.exec(line)?.[1]?.startsWith(`${beginning} `));
  return index < 0 ? undefined : index + 1;
}

/** Adds a document to the file. Tests that are there stay, also those that another command writes at the same time. */
async function add(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const before = await readFile(file, 'utf8');
    await appendFile(file, `${before === '' || before.endsWith('\n') ? '' : '\n'}---\n${text}`);
  }
}

function differenceText({ path: where, recorded, offline }: Difference): string {
  const what = `${where} was ${shown(recorded)}, and is ${shown(offline)} when the flow runs offline`;
  return where === 'outcome' ? `${what}: the test expects what was` : `left out: ${what}`;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
