import type { SyntaxNode } from '../expression/syntax.js';
import { childrenOf } from '../expression/syntax.js';
import type { FlowDraft } from '../grammar/drafts.js';
import type { Cure } from '../report.js';
import type { Texts } from '../texts.js';
import { stepsOf, valuesOf } from '../verbs/index.js';
import type { ScalarNode } from '../yaml/nodes.js';

/** Reports conditions that are the same in each run. */
export function checkConditions(flow: FlowDraft, texts: Texts): void {
  for (const step of stepsOf(flow)) {
    for (const { node, key, kind } of valuesOf(step)) {
      if (kind === 'condition' && node.kind === 'scalar') checkCondition(node, key, flow, texts);
    }
  }
  if (flow.trigger.where) checkCondition(flow.trigger.where, 'where', flow, texts);
  checkKey(
    flow.deliver.key,
    'otherwise each run waits for the one before it; write deliver: { concurrency: 1 } if that is meant',
    flow,
    texts,
  );
  checkKey(flow.deliver.dedupe?.key, 'otherwise only one event runs within the time of "within"', flow, texts);
}

/** Reports a key that reads nothing of the event. */
function checkKey(node: ScalarNode | undefined, consequence: string, { report }: FlowDraft, texts: Texts): void {
  if (!node || texts.expressions(node).some(({ ast }) => !ast || !isConstant(ast))) return;
  if (report.hasAt(node, 'EXPR_UNMARKED')) return;
  report.warning(node, 'FLOW_CONSTANT', 'this "key" is the same for all events', {
    do: `write an expression, such as \${{ trigger.subject }}: ${consequence}`,
  });
}

function checkCondition(node: ScalarNode, key: string, { report }: FlowDraft, texts: Texts): void {
  const value = constantOf(node, texts);
  if (value === undefined) return;
  const always = value === 'unknown' ? 'the same in each run: it reads nothing' : `always ${value}`;
  report.warning(node, 'FLOW_CONSTANT', `this "${key}" is ${always}`, cureOf(key, value));
}

/** Returns the value of a condition that reads nothing, `unknown` when it is not plainly true or false; undefined for any other one. */
function constantOf(node: ScalarNode, texts: Texts): boolean | 'unknown' | undefined {
  if (typeof node.value === 'boolean') return node.value;
  const [part] = texts.expressions(node);
  if (!part?.ast || !isConstant(part.ast)) return undefined;
  return typeof part.ast.value === 'boolean' ? part.ast.value : 'unknown';
}

const CONSTANT_TYPES: ReadonlySet<string> = new Set(['value', 'string', 'number', 'binary', 'block', 'condition', 'unary']);

function isConstant(node: SyntaxNode): boolean {
  return CONSTANT_TYPES.has(node.type) && childrenOf(node).every(isConstant);
}

function cureOf(key: string, value: boolean | 'unknown'): Cure {
  if (value === 'unknown') return { do: 'compare a field of trigger or of a step' };
  if (key === 'where') return { do: value ? 'delete the line' : 'correct the condition: the flow takes no event' };
  if (key === 'if') return { do: value ? 'delete the line' : 'delete the step, or correct the condition' };
  return {
    do: value ? 'correct the condition: nothing after this entry is tried' : 'delete this entry, or correct the condition',
  };
}
