import type { EmitStep, Scope } from '@sluice/flow';
import type { EmittedAttributes } from './emitted.js';
import { isPromise, type MaybePromise } from '../maybe-promise.js';

/** The content of an `emit` step with all its expressions evaluated. */
export interface EmitContent extends EmittedAttributes {
  readonly data: unknown;
  readonly datacontenttype: string | undefined;
}

/** The same while some expressions are still being evaluated. */
type RenderedContent = { readonly [Key in keyof EmitContent]: MaybePromise<EmitContent[Key]> };

/** Evaluates the expressions of the step. Returns a promise only when an expression returns one. */
export function renderEmit(step: EmitStep, scope: Scope): MaybePromise<EmitContent> {
  const rendered: RenderedContent = {
    type: step.type.text(scope),
    data: step.data?.render(scope),
    subject: step.subject?.text(scope),
    correlationid: step.correlationid?.text(scope),
    partitionkey: step.partitionkey?.text(scope),
    datacontenttype: step.datacontenttype?.text(scope),
  };
  return isSettled(rendered) ? rendered : settled(rendered);
}

function isSettled(rendered: RenderedContent): rendered is EmitContent {
  const { type, data, subject, correlationid, partitionkey, datacontenttype } = rendered;
  return !(
    isPromise(type) ||
    isPromise(data) ||
    isPromise(subject) ||
    isPromise(correlationid) ||
    isPromise(partitionkey) ||
    isPromise(datacontenttype)
  );
}

/** Awaits all fields at once: one must not reject while another is awaited. */
async function settled(rendered: RenderedContent): Promise<EmitContent> {
  const entries = await Promise.all(Object.entries(rendered).map(async ([key, value]) => [key, await value] as const));
  return Object.fromEntries(entries) as unknown as EmitContent;
}
