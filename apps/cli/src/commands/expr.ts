import { tryExpression, type ExpressionTrial, type Scope } from '@sluice/flow';
import { Secrets } from '@sluice/host/workspace';
import { Option, type Command } from 'commander';
import { holdDialogue } from '../author/expression-dialogue.js';
import { scopeOfEvent, scopeOfStep } from '../author/expression-scope.js';
import { trialText } from '../author/expression-text.js';
import { findFlow, type FoundFlow } from '../author/find-flow.js';
import { maskedJson } from '../author/masked-json.js';
import { readEvent, type ReadEvent } from '../author/read-event.js';
import { callingSteps, readMockOption, readMocks } from '../author/read-mocks.js';
import { EXIT, UsageError } from '../exit.js';
import { print, printJson, printNotice } from '../terminal/print.js';

interface ExprOptions {
  readonly workspace: string;
  readonly event?: string;
  readonly flow?: string;
  readonly step?: string;
  readonly mock?: readonly string[];
  readonly format: 'text' | 'json';
}

export function addExpr(command: Command): void {
  command
    .argument('[expression]', 'expression, with or without ${{ }}; without it a dialogue begins')
    .option('--workspace <dir>', 'folder with sluice.yaml and flows/, for --flow', '.')
    .option('--event <file>', 'JSON file with a CloudEvent, or with the data of an event; - for standard input')
    .option('--flow <flow>', 'name of a flow, or a file with one: its vars and env')
    .option('--step <step>', 'a step of the flow: runs the flow with mocks until this step, and evaluates in its scope')
    .option('--mock <step=value>', 'answer of a step before --step: JSON, or a file with JSON; can be repeated', readMockOption)
    .addOption(new Option('--format <format>', 'format of the value').choices(['text', 'json']).default('text'))
    .action(async (expression: string | undefined, options: ExprOptions) => {
      if (options.step !== undefined && (options.flow === undefined || options.event === undefined))
        throw new UsageError('--step needs --flow and --event: the flow runs on the event until this step');
      if (options.event === '-' && expression === undefined)
        throw new UsageError('a dialogue reads standard input, so the event must be in a file: --event FILE');
      const found = options.flow === undefined ? undefined : await findFlow(options.workspace, options.flow, { standIns: true });
      const secrets = new Secrets();
      if (found) secrets.addWorkspace(found.workspace);
      const scopeOf = async (file: string | undefined) =>
        scopeIn(found, file === undefined ? undefined : await readEvent(file), options);
      const scope = await scopeOf(options.event);
      if (expression === undefined)
        return holdDialogue({ input: process.stdin, output: process.stdout, mask: secrets.mask, scope, readEvent: scopeOf });
      const trial = await tryExpression(expression, scope);
      if (options.format === 'json') printJson(maskedJson(trial, secrets.mask));
      else (trial.kind === 'value' ? print : printNotice)(trialText(trial, expression, secrets.mask));
      if (!hasValue(trial)) process.exitCode = EXIT.failed;
    });
}

function hasValue({ kind }: ExpressionTrial): boolean {
  return kind === 'value' || kind === 'omit';
}

async function scopeIn(found: FoundFlow | undefined, event: ReadEvent | undefined, options: ExprOptions): Promise<Scope> {
  const { step } = options;
  if (!found || step === undefined || !event) return scopeOfEvent(event, found?.workspace, found?.flow);
  const { flow, workspace, loaded } = found;
  const mocks = await readMocks(options.mock ?? [], callingSteps(flow));
  return scopeOfStep({ workspace, plugins: loaded.plugins, flow, step, event, mocks });
}
