import type { EmitStep, Scope } from '@sluice/flow';
import type { EmittedAttributes } from './emitted.js';
import { isPromise, type Maybe } from './maybe-promise.js';

/** What an `emit` step says, with all its expressions evaluated. */
export interface EmitContent extends EmittedAttributes {
  readonly data: unknown;
  readonly datacontenttype: string | undefined;
}

/** The same while some expressions may still be with the library. */
type Rendered = { readonly [Key in keyof EmitContent]: Maybe<EmitContent[Key]> };

/** Gives a promise only when an expression does. */
export function renderEmit(step: EmitStep, scope: Scope): Maybe<EmitContent> {
  const rendered: Rendered = {
    type: step.type.text(scope),
    data: step.data?.render(scope),
    subject: step.subject?.text(scope),
    correlationid: step.correlationid?.text(scope),
    partitionkey: step.partitionkey?.text(scope),
    datacontenttype: step.datacontenttype?.text(scope),
  };
  return isSettled(rendered) ? rendered : settled(rendered);
}

function isSettled(rendered: Rendered): rendered is EmitContent {
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

/** All at once: a rejection of one must not come while another is awaited. */
async function settled(rendered: Rendered): Promise<EmitContent> {
  const entries = await Promise.all(Object.entries(rendered).map(async ([key, value]) => [key, await value] as const));
  return Object.fromEntries(entries) as unknown as EmitContent;
}
