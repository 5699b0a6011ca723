import { ANY, eitherShape, samplesOf, shapeOfNode, type Shape } from '../lint/shapes.js';
import type { CallDraft, UseDraft } from './drafts.js';
import type { StepShapes } from './verb.js';

/** Derives the shape of an answer without a schema from the samples in the tests of the flow. Without samples it is unknown. */
export function learnShape({ id, onError }: UseDraft | CallDraft, { mockOutputs }: StepShapes): Shape {
  const samples = mockOutputs(id);
  if (samples.length === 0) return ANY;
  const giver = samplesOf(id);
  return [...samples, ...onError.map(({ output }) => output)]
    .map((node) => shapeOfNode(node, giver, false))
    .reduce((a, b) => eitherShape(a, b, giver));
}
