import { fail, isSluiceError } from '@sluice/plugin-api';
import type { Tables } from '../database/tables.js';
import { POST, type PostedRow, type PostRow } from './message-statements.js';

/** Maximum number of messages that one statement posts. */
const MAX_BATCH = 32;
/** Statements of one subscriber that post at the same time. */
const MAX_RUNNING = 2;
/** Maximum number of posts of a subscriber, and of one discussion, that wait on a host. Further ones are refused. */
const MAX_WAITING = 10_000;
const MAX_WAITING_IN_DISCUSSION = 1_000;

interface Waiting {
  readonly row: PostedRow;
  /** Search index of the message; undefined until its words are known. */
  words?: string;
  readonly resolve: (result: PostRow) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Posts messages: those that wait at the same time in one statement and one commit. Posts of one discussion run one after another in the order
 * of their arrival, so their live events are sent in this order, and a busy discussion does not occupy all connections to the database while
 * it waits for its lock.
 */
export class PostQueue {
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly tables: Tables) {}

  /**
   * Posts a message and calls `posted` with its result, in the order of the messages of a discussion.
   *
   * @param words the search index of the message
   * @throws `OVERLOADED` when too many posts wait, `UNREACHABLE`, `CONVERSATIONS_INVALID`
   */
  async post(subscriber: string, row: PostedRow, words: string | Promise<string>): Promise<PostRow> {
    let lane = this.#lanes.get(subscriber);
    if (!lane) {
      lane = new Lane(this.tables, subscriber, () => this.#lanes.delete(subscriber));
      this.#lanes.set(subscriber, lane);
    }
    return lane.post(row, words);
  }
}

/** The posts of one subscriber. */
class Lane {
  /** Waiting posts by discussion; the discussion that has waited longest is the first. */
  readonly #waiting = new Map<string, Waiting[]>();
  /** Discussions of which a statement posts now. */
  readonly #busy = new Set<string>();
  #count = 0;
  #running = 0;
  #isScheduled = false;

  constructor(
    private readonly tables: Tables,
    private readonly subscriber: string,
    private readonly onIdle: () => void,
  ) {}

  post(row: PostedRow, words: string | Promise<string>): Promise<PostRow> {
    return new Promise((resolve, reject) => {
      const { discussion } = row;
      const queue = this.#waiting.get(discussion) ?? [];
      if (this.#count >= MAX_WAITING || queue.length >= MAX_WAITING_IN_DISCUSSION)
        return void reject(fail.OVERLOADED('too many messages wait to be posted', { sent: 'no' }));
      const waiting: Waiting = { row, resolve, reject };
      queue.push(waiting);
      this.#waiting.set(discussion, queue);
      this.#count++;
      if (typeof words === 'string') waiting.words = words;
      else
        words.then(
          (known) => {
            waiting.words = known;
            this.#schedule();
          },
          (error: Error) => {
            this.#remove(waiting);
            reject(error);
          },
        );
      this.#schedule();
    });
  }

  #remove(waiting: Waiting): void {
    const { discussion } = waiting.row;
    const rest = (this.#waiting.get(discussion) ?? []).filter((one) => one !== waiting);
    if (rest.length > 0) this.#waiting.set(discussion, rest);
    else this.#waiting.delete(discussion);
    this.#count--;
    this.#schedule();
  }

  /** Posts of one turn of the event loop share a statement. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // eslint-disable-next-line no-restricted-globals -- the end of a turn of the event loop, not a time
    setImmediate(() => {
      this.#isScheduled = false;
      while (this.#running < MAX_RUNNING) {
        const batch = this.#take();
        if (batch.length === 0) break;
        void this.#run(batch);
      }
      if (this.#count === 0 && this.#running === 0) this.onIdle();
    });
  }

  /** Takes the posts of the next statement: of each discussion the first ones whose words are known. */
  #take(): readonly Waiting[] {
    const batch: Waiting[] = [];
    const keys = new Set<string>();
    for (const [discussion, queue] of this.#waiting) {
      if (this.#busy.has(discussion)) continue;
      let count = 0;
      for (const { row, words } of queue) {
        const key = `${row.author} ${row.client_id}`;
        const isAlone = row.attachments !== undefined;
        if (words === undefined || keys.has(key) || (isAlone && batch.length + count > 0)) break;
        keys.add(key);
        count++;
        if (isAlone || batch.length + count === MAX_BATCH) break;
      }
      if (count === 0) continue;
      batch.push(...queue.splice(0, count));
      this.#busy.add(discussion);
      this.#waiting.delete(discussion);
      if (queue.length > 0) this.#waiting.set(discussion, queue);
      if (batch.length === MAX_BATCH || batch[0]?.row.attachments !== undefined) break;
    }
    this.#count -= batch.length;
    return batch;
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    this.#running++;
    try {
      await this.#post(batch);
    } catch (error) {
      if (batch.length > 1 && wasRefused(error)) for (const one of batch) await this.#post([one]).catch(one.reject);
      else for (const { reject } of batch) reject(error);
    }
    this.#running--;
    for (const { row } of batch) this.#busy.delete(row.discussion);
    this.#schedule();
  }

  async #post(batch: readonly Waiting[]): Promise<void> {
    const posts = batch.map(({ row, words }, no) => ({ no, words, ...row }));
    const results = await this.tables.of(this.subscriber).rows(POST, JSON.stringify(posts));
    for (const result of results) batch[result.no]?.resolve(result);
  }
}

/** PostgreSQL has refused the statement as a whole, because of one of its messages. Nothing is posted then. */
function wasRefused(error: unknown): boolean {
  return !isSluiceError(error) || error.code === 'CONVERSATIONS_INVALID';
}
