import type { SetStep } from '@sluice/flow';
import { chain } from '../../maybe-promise.js';
import type { Verb } from './verb.js';

export const set: Verb<SetStep> = (_context, hop, { step, next }) =>
  chain(step.value.render(hop.scope), (value) => {
    hop.record(step.id, value);
    return next;
  });
