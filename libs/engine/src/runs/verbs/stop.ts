import type { StopStep } from '@sluice/flow';
import { HOP_ENDS } from '../hop-end.js';
import type { Verb } from './verb.js';

export const stop: Verb<StopStep> = () => HOP_ENDS.stopped;
