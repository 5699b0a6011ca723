import { setTimeout as sleep } from 'node:timers/promises';
import { BotApiError } from './requests.js';
import type { Update } from './types.js';

/** Time within which a webhook must answer. */
const WEBHOOK_TIMEOUT_MS = 10_000;

export interface Webhook {
  readonly url: string;
  readonly secretToken: string;
}

export interface UpdateQueueOptions {
  /** Delay before an update that the webhook did not confirm is sent again, in milliseconds. */
  readonly repeatMs: number;
  /** Called with the answer of a webhook that contains a method of the API. */
  readonly onMethod: (body: unknown) => void;
}

/** Updates until the bot confirms them: with a higher offset of getUpdates, or with a status 2xx of its webhook. */
export class UpdateQueue {
  webhook: Webhook | undefined;
  /** Number of requests to the webhook. */
  sent = 0;
  lastError: { readonly message: string; readonly date: number } | undefined;
  #updates: Update[] = [];
  /** Answers of the webhook that are still to be ignored. */
  #lost = 0;
  #lastId = 100_000;
  #polling: AbortController | undefined;
  #arrived = new AbortController();
  readonly #closed = new AbortController();

  constructor(private readonly options: UpdateQueueOptions) {
    void this.#push();
  }

  get pending(): number {
    return this.#updates.length;
  }

  add(content: Omit<Update, 'update_id'>): number {
    const update = { update_id: ++this.#lastId, ...content };
    this.#updates.push(update);
    this.#wake();
    return update.update_id;
  }

  setWebhook(webhook: Webhook | undefined): void {
    this.webhook = webhook;
    this.lastError = undefined;
    this.#wake();
  }

  drop(): void {
    this.#updates = [];
  }

  /** Ignores the next answers of the webhook, as if they were lost on their way. */
  loseConfirmations(count: number): void {
    this.#lost += count;
  }

  /**
   * Waits for updates: https://core.telegram.org/bots/api#getupdates
   *
   * @param options `timeoutMs`: maximum wait while there are none
   */
  async poll(options: {
    readonly offset: number;
    readonly limit: number;
    readonly timeoutMs: number;
  }): Promise<readonly Update[]> {
    const { offset, limit, timeoutMs } = options;
    if (this.webhook)
      throw new BotApiError(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    this.#polling?.abort();
    const polling = new AbortController();
    this.#polling = polling;
    if (offset < 0) this.#updates = this.#updates.slice(offset);
    if (offset > 0) this.#updates = this.#updates.filter(({ update_id }) => update_id >= offset);
    if (this.#updates.length === 0 && timeoutMs > 0) await this.#arrival(timeoutMs, polling.signal);
    if (polling.signal.aborted)
      throw new BotApiError(
        409,
        'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
      );
    return this.#updates.slice(0, limit);
  }

  close(): void {
    this.#closed.abort();
    this.#polling?.abort();
  }

  /** Sends the updates to the webhook, each after the confirmation of the one before it. */
  async #push(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const { webhook } = this;
      const [update] = this.#updates;
      if (!webhook || !update) await this.#arrival(undefined, this.#closed.signal);
      else if (await this.#isConfirmed(webhook, update)) this.#updates = this.#updates.filter((each) => each !== update);
      else await pauseUnless(this.#closed.signal, this.options.repeatMs);
    }
  }

  async #isConfirmed({ url, secretToken }: Webhook, update: Update): Promise<boolean> {
    this.sent++;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(secretToken !== '' && { 'x-telegram-bot-api-secret-token': secretToken }),
        },
        body: JSON.stringify(update),
        redirect: 'manual',
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(WEBHOOK_TIMEOUT_MS)]),
      });
      const answer: unknown = await response.json().catch(() => undefined);
      if (!response.ok) throw new Error(`Wrong response from the webhook: ${response.status} ${response.statusText}`);
      if (this.#lost > 0) {
        this.#lost--;
        throw new Error('Read timeout expired');
      }
      this.options.onMethod(answer);
      return true;
    } catch (error) {
      this.lastError = { message: (error as Error).message, date: Math.floor(Date.now() / 1000) };
      return false;
    }
  }

  /** Waits until an update has arrived or the webhook has changed, or until the time or the signal ends the wait. */
  async #arrival(timeoutMs: number | undefined, signal: AbortSignal): Promise<void> {
    const signals = [signal, this.#closed.signal, this.#arrived.signal];
    await pauseUnless(AbortSignal.any(signals), timeoutMs ?? 2 ** 31 - 1);
  }

  #wake(): void {
    this.#arrived.abort();
    this.#arrived = new AbortController();
  }
}

async function pauseUnless(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
