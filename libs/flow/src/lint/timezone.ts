import type { FlowDraft } from '../grammar/drafts.js';
import { childrenOf, type SyntaxNode } from '../expression/syntax.js';
import type { Texts } from '../texts.js';
import { allSteps, type StepDraft } from '../grammar/drafts.js';
import { scalarsOf, type YamlNode } from '../yaml/nodes.js';

const DATE_FUNCTIONS: readonly unknown[] = ['dateTime1C', 'instant'];

/** Without `settings.timezone`, a date function has to be told its zone. */
export function refuseDateFunctions(flow: FlowDraft, texts: Texts): void {
  for (const node of valuesOf(flow)) {
    for (const scalar of scalarsOf(node)) {
      for (const part of texts.parse(scalar)?.parts ?? []) {
        if (part.kind !== 'expression' || part.ast === undefined) continue;
        const call = findCall(part.ast);
        if (call === undefined) continue;
        const name = String(call.procedure?.value);
        const token = part.tokens.find((one) => one.text === `$${name}`);
        const from = part.sourceStart + (token?.start ?? 0);
        const at = texts.span(scalar, from, from + name.length + 1);
        flow.report.error(at, 'SETTING_TIMEZONE', `$${name} needs a time zone`, {
          do: `give one as second argument, or add settings: { timezone: Europe/Moscow } to sluice.yaml`,
        });
      }
    }
  }
}

function findCall(node: SyntaxNode): SyntaxNode | undefined {
  if (node.type === 'function' && DATE_FUNCTIONS.includes(node.procedure?.value) && (node.arguments?.length ?? 0) < 2)
    return node;
  for (const child of childrenOf(node)) {
    const found = findCall(child);
    if (found) return found;
  }
  return undefined;
}

/** Every value of a flow in which expressions may stand, `vars` and the trigger's options aside: those are evaluated at the start. */
export function* valuesOf(flow: FlowDraft): Generator<YamlNode> {
  if (flow.deliver.dedupe) yield flow.deliver.dedupe.key;
  for (const step of allSteps(flow.steps)) yield* valuesOfStep(step);
}

export function* valuesOfStep(step: StepDraft): Generator<YamlNode> {
  const nodes: (YamlNode | undefined)[] = [step.if];
  if (step.verb === 'use') nodes.push(step.with, ...step.onError.flatMap(({ when, output }) => [when, output]));
  else if (step.verb === 'set') nodes.push(step.value);
  else if (step.verb === 'switch') nodes.push(...step.cases.map(({ when }) => when));
  else if (step.verb === 'emit')
    nodes.push(step.type, step.data, step.subject, step.correlationid, step.partitionkey, step.datacontenttype);
  else if (step.verb === 'reply') nodes.push(step.status, step.headers, step.data);
  else if (step.verb === 'stop') nodes.push(step.reason);
  yield* nodes.filter((node) => node !== undefined);
}
