import type { TryStep } from '@sluice/flow';
import type { Verb } from './verb.js';

export const tryVerb: Verb<TryStep> = ({ blocks }, hop, node) => blocks.enterTry(hop, node);
