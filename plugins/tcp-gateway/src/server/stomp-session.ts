import type { Limits } from './limits.js';
import type { StompHandler } from './stomp-handler.js';
import type { StompSubscription, SubscriptionOwner } from './subscription.js';
import type { Transactions } from './transactions.js';
import type { Unacknowledged } from './unacknowledged.js';

/** The parts of an open session that commands use. */
export interface StompSession extends SubscriptionOwner {
  readonly handler: StompHandler;
  readonly limits: Limits;
  /**
   * An array, because a session has few subscriptions and an array takes less memory than a map. It is replaced by `concat` and not changed: with
   * one subscription it takes 56 bytes, and 184 after `push`.
   */
  subscriptions: readonly StompSubscription[];
  readonly transactions: Transactions;
  readonly unacknowledged: Unacknowledged;
}
