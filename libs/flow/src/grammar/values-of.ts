import type { YamlNode } from '../yaml/nodes.js';
import { allSteps, type FlowDraft, type StepDraft } from './drafts.js';

/** Yields each value that may contain expressions evaluated in a run. Constants and trigger options are evaluated at the start instead. */
export function* valuesOfRun(flow: FlowDraft): Generator<YamlNode> {
  if (flow.deliver.dedupe) yield flow.deliver.dedupe.key;
  for (const step of allSteps(flow.steps)) yield* valuesOfStep(step);
}

function valuesOfStep(step: StepDraft): YamlNode[] {
  const values = [step.if, ...valuesOfVerb(step)];
  return values.filter((node) => node !== undefined);
}

function valuesOfVerb(step: StepDraft): (YamlNode | undefined)[] {
  switch (step.verb) {
    case 'use':
      return [step.with, ...step.onError.flatMap(({ when, output }) => [when, output])];
    case 'set':
      return [step.value];
    case 'switch':
      return step.cases.map(({ when }) => when);
    case 'emit':
      return [step.type, step.data, step.subject, step.correlationid, step.partitionkey, step.datacontenttype];
    case 'reply':
      return [step.status, step.headers, step.data];
    case 'stop':
      return [step.reason];
    case 'unknown':
      return [];
  }
}
