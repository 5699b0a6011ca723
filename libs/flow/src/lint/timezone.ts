import type { ExpressionPart } from '../expression/index.js';
import { childrenOf, type SyntaxNode } from '../expression/syntax.js';
import type { FlowDraft } from '../grammar/drafts.js';
import { valuesOfRun } from '../grammar/values-of.js';
import type { Texts } from '../texts.js';
import { scalarsOf } from '../yaml/nodes.js';

const DATE_FUNCTIONS: readonly unknown[] = ['dateTime1C', 'instant'];

/** Reports calls of date functions without a time zone argument. Called for workspaces without `settings.timezone`. */
export function needZones(flow: FlowDraft, texts: Texts): void {
  for (const value of valuesOfRun(flow)) {
    for (const scalar of scalarsOf(value)) {
      for (const part of texts.expressions(scalar)) {
        const name = functionWithoutZone(part);
        if (name === undefined) continue;
        const start = part.sourceStart + (part.tokens.find(({ text }) => text === name)?.start ?? 0);
        flow.report.error(texts.span(scalar, start, start + name.length), 'SETTING_TIMEZONE', `${name} needs a time zone`, {
          do: 'pass it as second argument, or add settings: { timezone: Europe/Moscow } to sluice.yaml',
        });
      }
    }
  }
}

function functionWithoutZone({ ast }: ExpressionPart): string | undefined {
  const call = ast && findCall(ast);
  return call && `$${String(call.procedure?.value)}`;
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
