import { setTimeout as pause } from 'node:timers/promises';
import { Ledger } from './ledger.mjs';
import { Participant, persistently } from './participant.mjs';
import { Operations } from './statistics.mjs';

/** Operations of the preparation at once. */
const PREPARING = 32;
const TURNS = 20;
const READ_SHARE = 0.5;
const WRITE_SHARE = 0.5;
const NEW_SHARE = 0.2;
/** Bots beside each worker. */
const BOT_SHARE = 0.1;
const SETTLE_MS = 1_000;
const FAILED_MS = 100;

/** The people and bots of one side, with their ledger and the times of their operations. */
export class Crowd {
  people = [];
  bots = [];
  operations = new Operations();
  /** Participants that no worker uses, in the order of their next turn. */
  #free;

  constructor(side) {
    this.side = side;
    this.ledger = new Ledger((ms) => this.operations.add('post to shown', ms));
  }

  /** Connects the people and bots of a profile, opens its discussions and posts its messages. */
  static async gather(side, profile) {
    const crowd = new Crowd(side);
    await crowd.#connect('people', 'user', profile.people);
    await crowd.#connect('bots', 'bot', profile.bots, { isBot: true });
    let next = 0;
    const wanted = profile.discussions.flatMap(({ count, ...kind }) => Array.from({ length: count }, (_, n) => ({ ...kind, n })));
    await inParallel(wanted, PREPARING, async ({ kind, members, n }) => {
      const from = next++;
      // steps of different lengths, so that no pair of people is drawn twice
      const step = 1 + (from % (crowd.people.length - 1));
      const circle = Array.from({ length: members }, (_, each) => crowd.people[(from * 7 + each * step) % crowd.people.length]);
      const [first, ...others] = new Set(circle);
      if (kind === 'direct' && others.length !== 1) return;
      const key = kind === 'contextual' ? `e1cib/data/Документ.Заказ?ref=${n}` : undefined;
      const discussion = await persistently(() => first.open(kind, others, { key, keep: true }));
      for (let posted = 0; posted < profile.messages; posted++) await circle[posted % members].post(discussion);
    });
    crowd.#free = { people: [...crowd.people], bots: [...crowd.bots] };
    crowd.forget();
    return crowd;
  }

  async #connect(group, prefix, count, options) {
    const numbers = Array.from({ length: count }, (_, n) => n + 1);
    await inParallel(numbers, PREPARING, async (n) => {
      const participant = new Participant(this, await this.side.person(`${prefix}${n}`, options));
      await persistently(() => participant.login());
      this[group].push(participant);
    });
  }

  /** Begins to measure anew. Returns what was measured before. */
  forget() {
    const { operations } = this;
    this.operations = new Operations();
    return operations;
  }

  /**
   * The mixed load for some seconds: as many people as there are workers use the server at the same time, one bot beside ten of them. Each logs in,
   * reads the number of unread messages, and then twenty times reads (50 %) and writes (50 %, of these 20 % into a new discussion).
   *
   * @param {{ seconds: number, workers: number, rate?: number }} load `rate`: turns per second of all together; absent: as many as the server can do
   * @returns {Promise<{ count: number, seconds: number }>} the number of turns
   */
  async mixed({ seconds, workers, rate }) {
    const from = performance.now();
    const end = from + seconds * 1000;
    let count = 0;
    let due = from;
    const isOver = () => performance.now() >= end;
    const turn = async (work) => {
      if (rate !== undefined) {
        due += 1000 / rate;
        const wait = due - performance.now();
        if (wait > 0) await pause(Math.min(wait, end - performance.now()));
      }
      if (isOver()) return;
      await work();
      count++;
    };
    const person = async (one) => {
      await one.login();
      await one.catchUp();
      await one.unread();
      for (let n = 0; n < TURNS && !isOver(); n++) {
        await turn(async () => {
          if (Math.random() < READ_SHARE) await one.readTurn();
          if (Math.random() < WRITE_SHARE) await one.writeTurn(NEW_SHARE);
        });
      }
    };
    const bot = async (one) => {
      for (let n = 0; n < TURNS && !isOver(); n++) await turn(() => one.botTurn());
    };
    const work = async (group, use) => {
      while (!isOver()) {
        const one = this.#free[group].shift();
        try {
          await use(one);
        } catch (error) {
          // the operation is counted as failed; errors of the kit have no code
          if (error.code === undefined) throw error;
          await pause(FAILED_MS);
        } finally {
          this.#free[group].push(one);
        }
      }
    };
    const bots = Math.ceil(workers * BOT_SHARE);
    await Promise.all([
      ...Array.from({ length: Math.min(workers, this.people.length) }, () => work('people', person)),
      ...Array.from({ length: Math.min(bots, this.bots.length) }, () => work('bots', bot)),
    ]);
    return { count, seconds: (performance.now() - from) / 1000 };
  }

  /** Verifies all messages and numbers of unread ones against the ledger, when nobody posts any more. */
  async verify() {
    // live events on their way
    await pause(SETTLE_MS);
    const all = [...this.people, ...this.bots];
    await inParallel(all, PREPARING, (each) => persistently(() => each.readAll()));
    await inParallel(this.people, PREPARING, (each) => persistently(() => each.verifyUnread()));
    this.ledger.verifyConfirmed();
  }

  /** Connects all who have lost their connection, and lets them read what they have missed. */
  async reconnect() {
    const closed = [...this.people, ...this.bots].filter(({ isOpen }) => !isOpen);
    await inParallel(closed, PREPARING, async (each) => {
      await persistently(() => each.login());
      await persistently(() => each.catchUp());
    });
  }

  async leave() {
    await inParallel([...this.people, ...this.bots], PREPARING, (each) => each.leave());
  }
}

/** Runs the work for all items, some of them at once. */
export async function inParallel(items, atOnce, work) {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
