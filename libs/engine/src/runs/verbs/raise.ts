import type { RaiseStep } from '@sluice/flow';
import { SluiceError, viewError } from '@sluice/plugin-api';
import { chain, isPromise, type MaybePromise } from '../../maybe-promise.js';
import type { Verb } from './verb.js';

const CURE = 'the flow itself has raised this error: correct its cause and replay the run';

export const raise: Verb<RaiseStep> = ({ blocks }, hop, { step }) => {
  const at = hop.pathOf(step.id);
  const { error } = step;
  if (!error) {
    const handled = hop.handler?.failure.error;
    if (!handled) throw new Error(`raise of "${step.id}" is outside of a catch`);
    return blocks.fail(hop, handled, at);
  }
  const values: readonly MaybePromise<unknown>[] = [error.message.text(hop.scope), error.details?.render(hop.scope)];
  const fail = ([message, details]: readonly unknown[]) => {
    const raised = new SluiceError(error.code, error.fate, String(message), CURE, { ...(details !== undefined && { details }) });
    return blocks.fail(hop, viewError(raised, { step: step.id }), at);
  };
  return chain(values.some(isPromise) ? Promise.all(values) : values, fail);
};
