import type { Limits } from './limits.js';
import type { StompHandler } from './stomp-handler.js';
import type { StompSubscription, SubscriptionOwner } from './subscription.js';
import type { Transactions } from './transactions.js';
import type { Unacknowledged } from './unacknowledged.js';

/** An open session as the commands see it: its subscriptions, its transactions, its unacknowledged deliveries, and the handler of its frames. */
export interface StompSession extends SubscriptionOwner {
  readonly handler: StompHandler;
  readonly limits: Limits;
  /** A handful: a list is smaller than a map and as fast. */
  readonly subscriptions: StompSubscription[];
  readonly transactions: Transactions;
  readonly unacknowledged: Unacknowledged;
}
