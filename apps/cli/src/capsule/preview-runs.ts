import { collectPages, type AdminClient, type Capsule } from '@sluice/admin-contract';
import { pause, systemClock } from '@sluice/plugin-api';
import { stepsIn, type Flow } from '@sluice/flow';
import { confirm, type BulkFlags } from '../admin/bulk-parked.js';
import { NotFoundError } from '../admin/host-api.js';
import { openHostApi } from '../admin/operator.js';
import { selectionOf } from '../admin/parked-selection.js';
import { replayOne } from '../admin/replay-parked.js';
import { CommandError, describeError, EXIT, UsageError } from '../exit.js';
import { stopRequest } from '../host/stop-request.js';
import { previewText } from '../terminal/preview-text.js';
import { print, printNotice } from '../terminal/print.js';
import { counted } from '../terminal/words.js';
import { nameHint } from '../unknown-name.js';
import { OfflineWorkspace } from './offline.js';
import { preview } from './preview.js';
import { fetchCapsule, isCapsuleFile, readCapsuleFile } from './read-capsule.js';

/** Maximum runs of one preview. */
const MAX_RUNS = 1_000;
/** Runs whose differences are printed; the others are counted. */
const MAX_PRINTED = 20;

export interface PreviewFlags extends BulkFlags {
  readonly workspace: string;
  readonly fromStart?: boolean;
  readonly outcome?: string;
  readonly yes?: boolean;
}

/** The flags that select runs. */
interface Selection extends Omit<PreviewFlags, 'flow'> {
  /** Empty: of all flows. */
  readonly flows: readonly string[];
}

/** A run to preview. */
interface PreviewedRun {
  readonly capsule: Capsule;
  /** Present for a run of a host. */
  readonly admin?: AdminClient;
}

/** A run that can be replayed. */
interface ReplayableRun {
  readonly admin: AdminClient;
  readonly run: string;
  readonly flow: Capsule['flow'];
}

/**
 * Prints what the flows of this machine would call differently with the events of runs, and then replays those that are parked, if a person
 * confirms it.
 */
export async function previewRuns(runs: readonly string[], flags: PreviewFlags): Promise<void> {
  const workspace = await OfflineWorkspace.open(flags.workspace);
  const { flow, ...others } = flags;
  const file = flow !== undefined && /\.ya?ml$/.test(flow) ? flow : undefined;
  const edited = file === undefined ? [] : await workspace.flowsOf(file);
  if (file === undefined && flow !== undefined) workspace.flow(flow);
  if (flags.step !== undefined) refuseUnknownStep(flags.step, edited.length > 0 ? edited : workspace.flows(flow));
  const flowOf = (name: string) => edited.find((flow) => flow.name === name) ?? workspace.flow(name);
  const parked: ReplayableRun[] = [];
  let [count, changed] = [0, 0];
  // a file also selects the runs of its flows
  const flows = file === undefined && flow !== undefined ? [flow] : edited.map(({ name }) => name);
  for await (const previewed of runsToPreview(runs, { ...others, flows })) {
    const { capsule, admin } = previewed;
    const { run, flow: ofRun, outcome } = capsule;
    if (admin && outcome === 'parked') parked.push({ admin, run, flow: ofRun });
    const found = await preview({
      ...workspace.parts,
      flow: flowOf(capsule.flow.name),
      original: await workspace.original(capsule),
      capsule,
    });
    if (found.differences.length > 0) changed++;
    if (count++ < MAX_PRINTED) print(previewText(found, capsule.missing));
  }
  if (count === 0)
    throw new CommandError('no selected run is recorded: select other runs, or write "journal: full" into the flow');
  printNotice(`${counted(count, 'run')}: ${changed} would make other calls, ${count - changed} the same ones`);
  await replayConfirmed(parked, flowOf, flags);
}

/** @throws UsageError for a step that none of the flows has */
function refuseUnknownStep(step: string, flows: readonly Flow[]): void {
  const ids = flows.flatMap(({ steps, catch: handler = [] }) => [...stepsIn([...steps, ...handler])].map(({ id }) => id));
  if (!ids.includes(step)) throw new UsageError(`no flow has a step "${step}": ${nameHint(step, [...new Set(ids)], 'steps')}`);
}

async function* runsToPreview(runs: readonly string[], flags: Selection): AsyncGenerator<PreviewedRun> {
  if (runs.length > 0 && (selectionOf(flags) || flags.all || flags.outcome !== undefined))
    throw new UsageError('name runs or select runs, not both');
  if (runs.length === 0) {
    yield* selectedRuns(flags);
    return;
  }
  let admin: AdminClient | undefined;
  for (const run of runs) {
    if (isCapsuleFile(run)) {
      yield { capsule: await readCapsuleFile(run) };
      continue;
    }
    admin ??= (await openHostApi()).admin;
    yield { capsule: await fetchCapsule(admin, run), admin };
  }
}

async function* selectedRuns(flags: Selection): AsyncGenerator<PreviewedRun> {
  const { admin } = await openHostApi();
  const { flows, outcome, all, ...selection } = flags;
  if (flows.length === 0 && !all && outcome === undefined && !selectionOf(selection))
    throw new UsageError(
      'name runs or a file of "sluice export", or select runs: --all, --flow, --code, --step, --since, --outcome',
    );
  let unrecorded = 0;
  for (const flow of flows.length > 0 ? flows : [undefined]) {
    const ids = await idsOf(admin, { ...selection, ...(flow !== undefined && { flow }) }, outcome);
    for (const id of ids) {
      const capsule = await admin.capsule({ run: id }).catch((error: unknown) => {
        if (!(error instanceof NotFoundError)) throw error;
        unrecorded++;
        return undefined;
      });
      if (capsule) yield { capsule, admin };
    }
  }
  if (unrecorded > 0) printNotice(`${counted(unrecorded, 'run')} left out: not journalled in full (journal: full)`);
}

async function idsOf(admin: AdminClient, flags: BulkFlags, outcome: string | undefined): Promise<readonly string[]> {
  const selection = selectionOf(flags) ?? {};
  if (outcome === undefined || outcome === 'parked') {
    const { items } = await collectPages((page) => admin.parked({ ...selection, ...page }), MAX_RUNS, MAX_RUNS);
    return items.map(({ run }) => run);
  }
  const { code, step, until, ...filter } = selection;
  if (code !== undefined || step !== undefined || until !== undefined)
    throw new UsageError('--code, --step and --until select parked runs: they do not go together with --outcome');
  const { items } = await collectPages(
    (page) => admin.runs({ ...filter, outcome: outcome as 'done', ...page }),
    MAX_RUNS,
    MAX_RUNS,
  );
  return items.map(({ run }) => run);
}

async function replayConfirmed(
  parked: readonly ReplayableRun[],
  flowOf: (name: string) => Flow,
  { yes = false, fromStart = false, rate }: PreviewFlags,
): Promise<void> {
  const [first] = parked;
  if (!first) return;
  if (!yes && !process.stdin.isTTY) {
    printNotice('to replay the parked ones, add --yes');
    return;
  }
  await refuseOldFlow(first.admin, parked, flowOf);
  if (!yes) await confirm(`Replay ${counted(parked.length, 'parked run')}?`, parked.length, 'nothing was replayed');
  const signal = stopRequest();
  let [done, failed] = [0, 0];
  for (const { admin, run } of parked) {
    if (signal.aborted) break;
    try {
      await replayOne(admin, run, { fromStart });
      done++;
    } catch (error) {
      failed++;
      printNotice(`${run}: ${describeError(error)}`);
    }
    await pause(systemClock, 1_000 / rate, signal);
  }
  print(`replayed ${done} of ${counted(parked.length, 'run')}${failed === 0 ? '' : `, ${failed} failed`}`);
  if (failed > 0) process.exitCode = EXIT.failed;
}

/** @throws CommandError when the host still runs the revision on which the runs failed, although the flow was edited here */
async function refuseOldFlow(
  admin: AdminClient,
  parked: readonly ReplayableRun[],
  flowOf: (name: string) => Flow,
): Promise<void> {
  const { hosts } = await admin.status({});
  for (const { flow } of parked) {
    const isEdited = flow.source !== undefined && flowOf(flow.name).origin.source.trim() !== flow.source.trim();
    const isOld = hosts.some(({ live, flows }) => live && flows[flow.name]?.revision === flow.revision);
    if (isEdited && isOld)
      throw new CommandError(
        `the host still runs the revision of ${flow.name} on which the run failed: apply the edited file first (sluice reload), then replay`,
      );
  }
}
