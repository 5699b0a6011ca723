import type { Step } from '@sluice/flow';
import type { MaybePromise } from '../../maybe-promise.js';
import type { Onward } from '../blocks.js';
import type { Hop } from '../hop.js';
import type { Node } from '../program.js';
import { call } from './call.js';
import { emit } from './emit.js';
import { forEach } from './for-each.js';
import { raise } from './raise.js';
import { reply } from './reply.js';
import { set } from './set.js';
import { stop } from './stop.js';
import { switchVerb } from './switch.js';
import { tryVerb } from './try.js';
import { use } from './use.js';
import type { Verb, VerbContext } from './verb.js';

const VERBS: { readonly [Name in Step['verb']]: Verb<Extract<Step, { readonly verb: Name }>> } = {
  use,
  set,
  switch: switchVerb,
  forEach,
  try: tryVerb,
  call,
  emit,
  reply,
  stop,
  raise,
};

/** Executes a step by its verb. */
export function execute(context: VerbContext, hop: Hop, node: Node): MaybePromise<Onward> {
  return (VERBS[node.step.verb] as Verb<Step>)(context, hop, node);
}
