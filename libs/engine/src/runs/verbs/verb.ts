import type { Flow, Settings, Step } from '@sluice/flow';
import type { Clock } from '@sluice/plugin-api';
import type { Connections } from '../../calls/connections.js';
import type { UnpacedCalls } from '../../calls/unpaced-calls.js';
import type { EventIngress } from '../../ingress/event-ingress.js';
import type { MaybePromise } from '../../maybe-promise.js';
import type { Observer } from '../../observer.js';
import type { Blocks, Onward } from '../blocks.js';
import type { Hop } from '../hop.js';
import type { Node } from '../program.js';

/** What the verbs of one flow need. */
export interface VerbContext {
  readonly flow: Flow;
  readonly blocks: Blocks;
  readonly calls: UnpacedCalls;
  readonly ingress: Pick<EventIngress, 'hasSubscriber'>;
  readonly connections: Connections;
  readonly settings: Settings;
  readonly observer: Observer;
  readonly clock: Clock;
}

/**
 * Executes one step. Returns a promise only when the step has to wait.
 *
 * @throws SluiceError the failure of the step; an infrastructure error of this host ends the hop instead
 */
export type Verb<Of extends Step> = (context: VerbContext, hop: Hop, node: Node<Of>) => MaybePromise<Onward>;
