import { checkSchema } from '../compile/schema-check.js';
import type { FlowDraft } from '../grammar/drafts.js';
import { inputSchema } from '../grammar/input-schema.js';
import { textsOf } from '../texts.js';
import { stepsOf } from '../verbs/index.js';

/** Checks the literal parts of the `data` of `call` steps against the `input` of the called flows. */
export function checkCallData(flows: readonly FlowDraft[]): void {
  const byName = new Map(flows.map((flow) => [flow.name, flow.trigger]));
  for (const { report, ...flow } of flows) {
    for (const step of stepsOf(flow)) {
      const trigger = step.verb === 'call' ? byName.get(String(step.flow.value)) : undefined;
      if (step.verb !== 'call' || trigger?.kind !== 'flow' || !trigger.input) continue;
      const schema = inputSchema(trigger.input);
      checkSchema({ schema, node: step.data, what: 'data', at: step.flow, report, texts: textsOf(report.source) });
    }
  }
}
