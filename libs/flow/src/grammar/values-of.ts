import { stepsOf, valuesOf } from '../verbs/index.js';
import type { YamlNode } from '../yaml/nodes.js';
import type { FlowDraft } from './drafts.js';

/** Yields each value that may contain expressions evaluated in a run. Constants and trigger options are evaluated at the start instead. */
export function* valuesOfRun(flow: FlowDraft): Generator<YamlNode> {
  const { trigger, deliver, note } = flow;
  for (const node of [trigger.where, deliver.key, deliver.dedupe?.key, note]) if (node) yield node;
  for (const step of stepsOf(flow)) for (const { node } of valuesOf(step)) yield node;
}
