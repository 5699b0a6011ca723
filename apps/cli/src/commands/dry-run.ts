import { dryRun, withCallees, type DryRunResult } from '@sluice/flow-test';
import type { Flow, UseStep } from '@sluice/flow';
import { Secrets } from '@sluice/host/workspace';
import { isEventType, typeMatches } from '@sluice/plugin-api';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { findFlow, type FoundFlow } from '../author/find-flow.js';
import { maskedJson } from '../author/masked-json.js';
import { readEvent, type ReadEvent } from '../author/read-event.js';
import { callingSteps, readMockOption, readMocks, unknownStep } from '../author/read-mocks.js';
import { CommandError, EXIT } from '../exit.js';
import { readDuration } from '../options.js';
import { print, printJson, printNotice } from '../terminal/print.js';
import { traceLines } from '../terminal/trace-lines.js';
import { inWords } from '../terminal/words.js';

interface DryRunOptions {
  readonly workspace: string;
  readonly mock?: readonly string[];
  /** True: all steps. */
  readonly live?: true | readonly string[];
  readonly now?: number;
  readonly timeout: number;
  readonly format: 'text' | 'json';
}

/** Real time after which a dry run ends, in milliseconds. */
const TIMEOUT_MS = 30_000;
const GOOD = new Set<DryRunResult['outcome']>(['done', 'stopped', 'caught', 'duplicate', 'filtered']);

export function addDryRun(command: Command): void {
  command
    .argument('<flow>', 'name of a flow, or a file with one')
    .argument('<event>', 'JSON file with a CloudEvent, or with the data of an event; - for standard input')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/', '.')
    .option('--mock <step=value>', 'answer of a step: JSON, or a file with JSON; can be repeated', readMockOption)
    .option('--live [step]', 'really make the call of this step, or of all steps without a mock; can be repeated', readLive)
    .option('--now <time>', 'virtual time at the start, such as 2026-02-01T10:00:00Z', readInstant)
    .addOption(
      new Option('--timeout <duration>', 'real time after which the dry run ends')
        .argParser(readDuration)
        .default(TIMEOUT_MS, '30s'),
    )
    .addOption(new Option('--format <format>', 'format of the result').choices(['text', 'json']).default('text'))
    .action(async (name: string, file: string, options: DryRunOptions) => {
      const found = await findFlow(options.workspace, name, { standIns: options.live === undefined });
      const event = await readEvent(file);
      const result = await run(found, event, options);
      if (!GOOD.has(result.outcome)) process.exitCode = EXIT.failed;
    });
}

async function run({ flow, workspace, loaded }: FoundFlow, event: ReadEvent, options: DryRunOptions): Promise<DryRunResult> {
  const secrets = new Secrets();
  secrets.addWorkspace(workspace);
  const { mask } = secrets;
  const { plugins } = loaded;
  const own = callingSteps(flow);
  const mocks = await readMocks(options.mock ?? [], own);
  const steps = withCallees(flow, workspace.flows, mocks).flatMap((one) => callingSteps(one));
  const live = liveSteps(
    options.live,
    steps.filter((step) => step.verb === 'use'),
    mocks,
  );
  checkType(flow, event);
  const { describeLive, LiveCalls } = live.length > 0 ? await import('../author/live-calls.js') : {};
  const lines = describeLive?.(live, { workspace, plugins, mask }) ?? [];
  if (lines.length > 0) printNotice(`WARNING: these steps are really called, each at most once:\n  ${lines.join('\n  ')}`);
  const calls = LiveCalls && new LiveCalls({ workspace, plugins, steps: new Set(live.map(({ id }) => id)), mask });
  const seen = new Set<string>();
  const limit = AbortSignal.timeout(options.timeout);
  try {
    const result = await dryRun(
      {
        workspace,
        plugins,
        flow,
        event: event.trigger,
        mocks,
        secrets: seen,
        ...(options.now !== undefined && { nowMs: options.now }),
      },
      {
        signal: calls ? AbortSignal.any([limit, calls.signal]) : limit,
        ...(calls && { live: (call, of) => calls.call(call, of) }),
      },
    );
    secrets.add([...seen]);
    if (event.form === 'data') printFilledIn(result);
    const ids = { mocked: new Set(mocks.keys()), live: new Set(live.map(({ id }) => id)) };
    if (options.format === 'json') printJson(maskedJson({ flow: flow.name, ...result }, mask));
    else
      print(
        [mask(`${flow.name} on ${result.event.type} ${result.event.id}`), '', ...traceLines(result, { mask, ...ids })].join('\n'),
      );
    if (calls?.unfinished)
      printNotice(
        mask(
          `${calls.unfinished.id.split('/')[1]}: the real call failed, and a host would repeat it later: ${calls.unfinished.message}`,
        ),
      );
    else if (result.outcome === 'unfinished') printNotice(whyUnfinished(result, limit.aborted ? options.timeout : undefined));
    return result;
  } finally {
    await calls?.close();
  }
}

/** Returns why a run did not end: its real time was over after `limitMs`, or what it waits for does not come in virtual time. */
function whyUnfinished({ passedMs, closed: [first] }: DryRunResult, limitMs: number | undefined): string {
  const waits = first ? `: it waits for ${first.connection}: ${first.because}` : ': the trace shows the step that waits';
  return limitMs === undefined
    ? `the run did not end within ${inWords(passedMs)} of virtual time${waits}`
    : `the run did not end within ${inWords(limitMs)} (--timeout allows more)${waits}`;
}

/** Collects the values of `--live`; the option without a value means all steps. */
function readLive(text: string | true, before: true | readonly string[] | undefined): true | readonly string[] {
  if (text === true || before === true) return true;
  return [...(before ?? []), text];
}

function readInstant(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('write a time such as 2026-02-01T10:00:00Z');
  return ms;
}

/** Returns the steps to call really: those that are named, or all without a mock. */
function liveSteps(
  live: DryRunOptions['live'],
  steps: readonly UseStep[],
  mocks: ReadonlyMap<string, unknown>,
): readonly UseStep[] {
  if (live === undefined) return [];
  if (live === true) return steps.filter(({ id }) => !mocks.has(id));
  return live.map((id) => {
    const step = steps.find((one) => one.id === id);
    if (!step) throw unknownStep(`--live ${id}`, id, steps);
    return step;
  });
}

/** Rejects an event that a host would not deliver to the flow. */
function checkType({ name, trigger }: Flow, { trigger: { type } }: ReadEvent): void {
  if (typeof type !== 'string') return;
  if (!isEventType(type))
    throw new CommandError(`"${type}" is not a valid event type: use words of A-Z a-z 0-9 _ - joined by dots`);
  if (trigger.kind === 'event' && !trigger.types.some((pattern) => typeMatches(pattern, type)))
    throw new CommandError(
      `${name} takes ${trigger.types.join(', ')}, so a host would not deliver ${type} to it: change "type" of the event, or try another flow`,
    );
}

function printFilledIn({ event: { id, source, type, time } }: DryRunResult): void {
  printNotice(
    `the file has no "specversion", so it is read as the data of an event; filled in: type ${type}, id ${id}, source ${source}, time ${time}`,
  );
}
