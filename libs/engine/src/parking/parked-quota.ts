import { engineFail, type EventAttributes, type Log } from '@sluice/plugin-api';
import { messageOf } from '../message-of.js';
import { MIN_PARKED_BYTES, type ParkedAccount, type ParkedRun, type ParkedStore } from '../ports/store.js';

/** Part of the limit from which `status` and `doctor` report an account. */
const REPORTED_PART = 0.8;

/** An account, and how much of `settings.limits.parked` it uses. */
export interface ParkedAccountUsage extends ParkedAccount {
  readonly limit: number;
  /** Its events are refused before they are accepted. */
  readonly isFull: boolean;
}

/**
 * Returns the account of an event: the issuer whose token it was sent with. Other events, such as those of signed requests and of telephone
 * exchanges, are in the account of the first flow that took them.
 *
 * @param flow the flow that takes it
 */
export function accountOf({ origin, source }: Pick<EventAttributes, 'origin' | 'source'>, flow: string): string {
  return origin ?? accountOfIssuer(source) ?? `flow ${flow}`;
}

function accountOfIssuer(source: string): string | undefined {
  const [, issuer] = /^\/issuers\/([^/]+)\//.exec(source) ?? [];
  return issuer === undefined ? undefined : `issuer ${issuer}`;
}

/** Returns the bytes that a parked run counts for: the size of its row, and at least {@link MIN_PARKED_BYTES}. */
export function parkedBytes({ message, event, error }: Pick<ParkedRun, 'message' | 'event' | 'error'>): number {
  const attributes = Buffer.byteLength(JSON.stringify(event)) + Buffer.byteLength(JSON.stringify(error));
  return Math.max(MIN_PARKED_BYTES, message.length + attributes);
}

/**
 * Limits the bytes of the parked runs of one account. While an account is full its new events are refused before they are accepted. Events that
 * were accepted earlier are still parked, and so are events that nobody could send again: those of live sources and of the engine itself.
 */
export class ParkedQuota {
  #states = new Map<string, ParkedAccountUsage>();

  constructor(
    private readonly store: Pick<ParkedStore, 'accounts'>,
    private readonly limitBytes: number,
    private readonly log: Log,
  ) {}

  /** Reads the accounts. While the database is unavailable the last values that were read count. Never rejects. */
  async read(): Promise<void> {
    try {
      const accounts = await this.store.accounts();
      const states = accounts.map((one) => ({ ...one, limit: this.limitBytes, isFull: one.bytes >= this.limitBytes }));
      this.#replace(new Map(states.map((one) => [one.account, one])));
    } catch (error) {
      this.log.debug('the accounts of parked runs cannot be read', { error: messageOf(error) });
    }
  }

  /**
   * Throws `PARKED_FULL` when the account of an event is full.
   *
   * @param flow the flow that takes it; undefined for an event of the bus, which any number of flows may take
   */
  requireRoom(event: Pick<EventAttributes, 'source'>, flow: string | undefined): void {
    const account = flow === undefined ? accountOfIssuer(event.source) : accountOf(event, flow);
    const state = account === undefined ? undefined : this.#states.get(account);
    if (!state?.isFull) return;
    throw engineFail.PARKED_FULL(
      `${state.account} has ${state.bytes} bytes in ${state.runs} parked runs, and the limit is ${state.limit}: its events are refused`,
      { sent: 'no' },
    );
  }

  /** Returns the accounts that use 80 % of the limit or more, the largest first. */
  reported(): readonly ParkedAccountUsage[] {
    const near = [...this.#states.values()].filter(({ bytes, limit }) => bytes >= limit * REPORTED_PART);
    return near.sort((a, b) => b.bytes - a.bytes);
  }

  #replace(states: Map<string, ParkedAccountUsage>): void {
    for (const { account, isFull, runs, bytes, limit } of states.values())
      if (isFull && this.#states.get(account)?.isFull !== true)
        this.log.warn(`${account}: its events are refused until parked runs of it are replayed or dropped`, {
          runs,
          bytes,
          limit,
        });
    for (const { account, isFull } of this.#states.values())
      if (isFull && states.get(account)?.isFull !== true) this.log.info(`${account}: its events are accepted again`);
    this.#states = states;
  }
}
