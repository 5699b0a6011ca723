import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  MAX_AUDIT_TEXT_LENGTH,
  MIN_PARKED_BYTES,
  parkedBytes,
  parseNoteQuery,
  type AuditAction,
  type JournalEntry,
  type JournalPosition,
  type ParkedFilter,
  type ParkedRun,
  type ParkedSummary,
  type RunFilter,
  type Store,
} from '@sluice/engine';
import { isSluiceError } from '@sluice/plugin-api';
import { until } from './inbox.js';
import { loopTests } from './store-loops.js';
import { hostTests } from './store-hosts.js';
import { laneTests } from './store-lanes.js';
import { recordTests } from './store-records.js';
import { revisionTests } from './store-revisions.js';
import { scheduleTests } from './store-schedules.js';

/** One database, and the stores that use it. */
export interface StoreHarness {
  /** Opens the store of one more host. The suite closes it. */
  open(): Promise<Store>;
  /** Makes the database unreachable. */
  stopDatabase?(): Promise<void>;
  /** Makes the database reachable again at the same address. */
  startDatabase?(): Promise<void>;
  /** Stops the database and removes it. */
  close(): Promise<void>;
}

/** Capabilities of a store, on which some tests depend. */
export interface StoreTraits {
  /** Whether the harness has `stopDatabase` and `startDatabase`. */
  readonly outages: boolean;
}

const LONG_MS = 60_000;
const SHORT_MS = 30;
const DAY_MS = 86_400_000;
/** A retention that deletes nothing that these tests add. */
const KEPT = { journalMs: 365 * DAY_MS, parkedMs: 365 * DAY_MS, auditMs: 365 * DAY_MS, auditRows: 1_000_000 };
/** Bytes that are not UTF-8, including zeros. */
const ODD_BYTES = Buffer.from([0x00, 0xff, 0xfe, 0xc3, 0x28, 0x00, 0x22, 0x5c]);
const AT_STEP = { fromStart: false };
const ODD_TEXT = 'нуль\u0000 half \ud83d "quoted" \\';

/**
 * Registers the tests that every `Store` must pass. The harness is created once. Each test draws names of its own.
 *
 * @param name the adapter, for the title of the suite.
 * @param start starts the database.
 */
export function storeConformance(name: string, traits: StoreTraits, start: () => Promise<StoreHarness>): void {
  describe(`Store: ${name}`, () => {
    let harness: StoreHarness;
    let store: Store;
    let opened: Store[];
    /** Prefix of all names of a test, drawn for each test. */
    let word: string;

    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness?.close());
    beforeEach(async () => {
      word = randomUUID();
      opened = [];
      store = await open();
    });
    afterEach(async () => {
      await Promise.all(opened.map((each) => each.close()));
    });

    async function open(): Promise<Store> {
      const another = await harness.open();
      opened.push(another);
      return another;
    }

    describe('leases', () => {
      it('have one holder, which can renew them under the same epoch', async () => {
        const other = await open();
        expect(await store.leases.take(word, 'a', LONG_MS)).toBe(1);
        expect(await other.leases.take(word, 'b', LONG_MS)).toBeUndefined();
        expect(await store.leases.take(word, 'a', LONG_MS)).toBe(1);
      });

      it('pass to another holder when they were not renewed, with a higher epoch', async () => {
        await store.leases.take(word, 'a', SHORT_MS);
        await until('the lease to expire', async () => (await store.leases.take(word, 'b', LONG_MS)) === 2);
        expect(await store.leases.take(word, 'a', LONG_MS)).toBeUndefined();
      });

      it('pass at once when their holder releases them, and not when another host does', async () => {
        await store.leases.take(word, 'a', LONG_MS);
        await store.leases.release(word, 'b');
        expect(await store.leases.take(word, 'b', LONG_MS)).toBeUndefined();
        await store.leases.release(word, 'a');
        expect(await store.leases.take(word, 'b', LONG_MS)).toBe(2);
      });

      it('go to one of many hosts that ask at once', async () => {
        const other = await open();
        const holders = Array.from({ length: 20 }, (_, n) => `host-${n}`);
        const epochs = await Promise.all(holders.map((holder, n) => (n % 2 ? store : other).leases.take(word, holder, LONG_MS)));
        expect(epochs.filter((epoch) => epoch !== undefined)).toEqual([1]);
      });

      it('are listed with their holders and their info', async () => {
        await store.leases.take(word, 'a', LONG_MS, { limit: 4, note: 'Контора' });
        await store.leases.take(`${word}.past`, 'b', LONG_MS);
        await store.leases.release(`${word}.past`, 'b');
        const rows = (await store.leases.list()).filter((row) => row.name.startsWith(word));
        expect(rows).toEqual([
          { name: word, holder: 'a', epoch: 1, until: expect.any(Date), live: true, info: { limit: 4, note: 'Контора' } },
          { name: `${word}.past`, holder: 'b', epoch: 1, until: expect.any(Date), live: false },
        ]);
        expect(rows[0]!.until.getTime()).toBeGreaterThan(rows[1]!.until.getTime());
      });
    });

    describe('parked runs', () => {
      const parkedRun = (run: string, epoch = 0, more: Partial<ParkedRun> = {}): Omit<ParkedRun, 'state'> => ({
        run: `${word}.${run}`,
        epoch,
        flow: word,
        revision: 'r1',
        event: {
          id: ODD_TEXT,
          source: '/connections/test',
          type: 'order.paid',
          time: '2026-01-02T03:04:05.678Z',
          meta: { odd: ODD_TEXT },
        },
        step: 'create-order',
        error: { code: 'REJECTED', fate: 'rejected', message: ODD_TEXT, details: { index: 3 } },
        parkedAt: new Date('2026-01-02T03:04:06.789Z'),
        message: ODD_BYTES,
        ...more,
      });
      const summary = ({ message: _message, ...run }: Omit<ParkedRun, 'state'>) => ({ ...run, state: 'parked' });

      it('are kept unchanged over a restart of the host, whatever bytes they contain', async () => {
        const run = parkedRun('a');
        await store.parked.add([run]);
        await store.close();
        const again = await open();
        expect(await again.parked.get(run.run)).toEqual({ ...run, state: 'parked' });
        expect(await again.parked.get(`${word}.absent`)).toBeUndefined();
      });

      it('are listed page by page in a stable order while runs are added', async () => {
        const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
        // several runs of one instant, and several epochs of one run
        const runs = Array.from({ length: 12 }, (_, n) => parkedRun(`p-${n % 6}`, Math.floor(n / 6), { parkedAt: at(n % 3) }));
        await store.parked.add(runs);
        const whole = await store.parked.list({ flow: word, limit: 100 });
        const walked: ParkedSummary[] = [];
        for (let page: readonly ParkedSummary[] = whole, n = 0; page.length > 0 && n < 20; n++) {
          const after = walked.at(-1);
          expect(await store.parked.size({ flow: word, limit: 100, ...(after && { after }) })).toBe(12 - walked.length);
          page = await store.parked.list({ flow: word, limit: 5, ...(after && { after }) });
          walked.push(...page);
          if (n === 0) await store.parked.add([parkedRun('newest', 0, { parkedAt: at(50) })]);
        }
        expect(walked).toEqual(whole);
        expect(walked).toHaveLength(12);
        expect(await store.parked.size({ flow: word, limit: 7 })).toBe(7);
      });

      it('are found by the beginning of their id', async () => {
        await store.parked.add([parkedRun('one'), parkedRun('other'), parkedRun('o%_')]);
        const found = async (runPrefix: string) =>
          (await store.parked.list({ runPrefix: `${word}.${runPrefix}`, limit: 10 })).map(({ run }) =>
            run.slice(word.length + 1),
          );
        expect(await found('on')).toEqual(['one']);
        expect(await found('o%')).toEqual(['o%_']);
        expect(await found('absent')).toEqual([]);
        expect(await store.parked.size({ runPrefix: `${word}.o`, limit: 10 })).toBe(3);
      });

      it('are added once per epoch', async () => {
        await store.parked.add([parkedRun('a'), parkedRun('a', 1, { revision: 'r2' })]);
        await store.parked.add([parkedRun('a', 1, { revision: 'r3' }), parkedRun('b')]);
        expect(await store.parked.get(`${word}.a`)).toMatchObject({ epoch: 1, revision: 'r2' });
        expect(await store.parked.list({ flow: word, limit: 10 })).toHaveLength(3);
      });

      it('do not need a step', async () => {
        const { step: _step, ...run } = parkedRun('a');
        await store.parked.add([run]);
        expect(await store.parked.get(run.run)).toEqual({ ...run, state: 'parked' });
      });

      it('are listed newest first, by flow and by state, without their messages', async () => {
        const runs = [1, 2, 3].map((day) => parkedRun(`day-${day}`, 0, { parkedAt: new Date(Date.UTC(2026, 0, day)) }));
        await store.parked.add(runs);
        await store.parked.drop(runs[2]!.run, 0);
        const found = await store.parked.list({ flow: word, state: 'parked', limit: 10 });
        expect(found).toEqual([summary(runs[1]!), summary(runs[0]!)]);
        expect(await store.parked.list({ flow: word, limit: 1 })).toMatchObject([{ run: runs[2]!.run, state: 'dropped' }]);
      });

      it.each([
        ['a zero byte in a name', { flow: 'a\0b' }],
        ['an epoch that is not a 32-bit integer', { epoch: 2 ** 31 }],
        ['an invalid time', { parkedAt: new Date(Number.NaN) }],
      ])('are refused with %s, together with the runs of the same call, and without STORE_UNAVAILABLE', async (_what, wrong) => {
        const adding = store.parked.add([parkedRun('a'), { ...parkedRun('b'), ...wrong }]);
        expect(await adding.catch((error: unknown) => isSluiceError(error))).toBe(false);
        expect(await store.parked.get(`${word}.a`)).toBeUndefined();
      });

      it('are listed by the words of their notes', async () => {
        await store.parked.add([
          parkedRun('a', 0, { note: 'Заказ W-4' }),
          parkedRun('b', 0, { note: 'Заказ W-40' }),
          parkedRun('c', 0, { note: ODD_TEXT }),
          parkedRun('d'),
        ]);
        const noted = async (text: string) =>
          (await store.parked.list({ flow: word, note: parseNoteQuery(text), limit: 10 })).map(({ run, note }) => [
            run.at(-1),
            note,
          ]);
        expect(await noted('W-4')).toEqual([['a', 'Заказ W-4']]);
        expect(await noted('нуль')).toEqual([['c', ODD_TEXT]]);
        expect(await store.parked.size({ flow: word, note: parseNoteQuery('заказ'), limit: 10 })).toBe(2);
      });

      it('are selected by code, step and time, and counted by flow and code', async () => {
        const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
        const error = (code: string) => ({ code, fate: 'rejected' as const, message: 'нет\u0000 {"code":"OTHER"}' });
        await store.parked.add([
          parkedRun('a', 0, { parkedAt: at(1), step: 'reserve/3', error: error('BUSY') }),
          parkedRun('b', 0, { parkedAt: at(2), step: 'reserve', error: error('BUSY') }),
          parkedRun('c', 0, { parkedAt: at(3), step: 'reserved', error: error('GONE') }),
        ]);
        const selected = async (filter: ParkedFilter) => {
          const runs = await store.parked.list({ flow: word, ...filter, limit: 10 });
          expect(await store.parked.size({ flow: word, ...filter, limit: 10 })).toBe(runs.length);
          return runs.map(({ run }) => run.slice(word.length + 1)).join('');
        };
        expect(await selected({ code: 'BUSY' })).toBe('ba');
        expect(await selected({ code: 'OTHER' })).toBe('');
        expect(await selected({ step: 'reserve' })).toBe('ba');
        expect(await selected({ step: 'reserve/3' })).toBe('a');
        expect(await selected({ since: at(2) })).toBe('cb');
        expect(await selected({ until: at(2) })).toBe('ba');
        expect(await store.parked.groups({ flow: word, state: 'parked' })).toEqual([
          { flow: word, code: 'BUSY', runs: 2, newest: at(2) },
          { flow: word, code: 'GONE', runs: 1, newest: at(3) },
        ]);
        expect(await store.parked.groups({ flow: word, state: 'dropped' })).toEqual([]);
      });

      it('are listed oldest first, page by page, while runs leave the list', async () => {
        const runs = Array.from({ length: 9 }, (_, n) =>
          parkedRun(`r-${n}`, 0, { parkedAt: new Date(Date.UTC(2026, 0, 1 + (n >> 1))) }),
        );
        await store.parked.add(runs);
        const walked: string[] = [];
        let after: ParkedSummary | undefined;
        do {
          const page = await store.parked.list({
            flow: word,
            state: 'parked',
            oldestFirst: true,
            limit: 4,
            ...(after && { after }),
          });
          for (const { run } of page) await store.parked.drop(run, 0);
          walked.push(...page.map(({ run }) => run));
          after = page.at(-1);
        } while (after);
        expect(walked).toEqual(runs.map(({ run }) => run));
      });

      it('are counted per flow while they are parked', async () => {
        await store.parked.add([parkedRun('a'), parkedRun('b'), parkedRun('c', 0, { flow: `${word}.other` })]);
        await store.parked.drop(`${word}.b`, 0);
        expect(await store.parked.count()).toMatchObject({ [word]: 1, [`${word}.other`]: 1 });
      });

      it('change from parked to replaying (again after a crash) to replayed', async () => {
        await store.parked.add([parkedRun('a')]);
        const run = `${word}.a`;
        expect(await store.parked.replaying(run, 0, AT_STEP)).toMatchObject(AT_STEP);
        expect(await store.parked.replaying(run, 0, AT_STEP)).toMatchObject(AT_STEP);
        expect(await store.parked.drop(run, 0)).toBe(false);
        await store.parked.replayed(run, 0);
        expect(await store.parked.get(run)).toMatchObject({ state: 'replayed' });
        expect(await store.parked.replaying(run, 0, AT_STEP)).toBeUndefined();
        expect(await store.parked.replaying(run, 1, AT_STEP)).toBeUndefined();
      });

      it('keep their first replay until it is published, each with an epoch that is greater than all before', async () => {
        const other = await open();
        await store.parked.add([parkedRun('a'), parkedRun('b')]);
        const first = await store.parked.replaying(`${word}.a`, 0, { fromStart: true });
        expect(first).toEqual({ epoch: expect.any(Number), fromStart: true });
        const second = await other.parked.replaying(`${word}.b`, 0, AT_STEP);
        expect(second?.epoch).toBeGreaterThan(first!.epoch);
        expect(await other.parked.replaying(`${word}.a`, 0, AT_STEP)).toEqual(first);
        // the run parks again
        await store.parked.replayed(`${word}.a`, 0);
        await store.parked.add([parkedRun('a', first!.epoch)]);
        const third = await store.parked.replaying(`${word}.a`, first!.epoch, AT_STEP);
        expect(third?.epoch).toBeGreaterThan(second!.epoch);
      });

      it('can be replayed without being marked first', async () => {
        await store.parked.add([parkedRun('a')]);
        await store.parked.replayed(`${word}.a`, 0);
        expect(await store.parked.get(`${word}.a`)).toMatchObject({ state: 'replayed' });
      });

      it('cannot be replayed after they were dropped', async () => {
        await store.parked.add([parkedRun('a')]);
        expect(await store.parked.drop(`${word}.a`, 0)).toBe(true);
        expect(await store.parked.drop(`${word}.a`, 0)).toBe(false);
        expect(await store.parked.replaying(`${word}.a`, 0, AT_STEP)).toBeUndefined();
      });

      it('are returned with their messages when their replay was never finished', async () => {
        await store.parked.add([parkedRun('a'), parkedRun('b')]);
        await store.parked.replaying(`${word}.a`, 0, AT_STEP);
        const ours = async (olderThanMs: number) => (await store.parked.stuck(olderThanMs)).filter(({ flow }) => flow === word);
        expect(await ours(LONG_MS)).toEqual([]);
        await until('the replay to be stuck', async () => (await ours(SHORT_MS)).length === 1);
        expect(await ours(SHORT_MS)).toEqual([{ ...parkedRun('a'), state: 'replaying' }]);
      });

      it('are counted by account, with their bytes, while they are not resolved', async () => {
        const issuer = `issuer ${word}`;
        const of = async (account: string) => (await store.parked.accounts()).find((one) => one.account === account);
        const event = { ...parkedRun('a').event, source: `/issuers/${word}/ivanov` };
        const large = parkedRun('large', 0, { event, message: Buffer.alloc(5_000) });
        await store.parked.add([large, parkedRun('small', 0, { event }), parkedRun('flow'), parkedRun('large', 0, { event })]);
        const emitted = { ...event, source: '/flows/x', origin: issuer };
        await store.parked.add([large, parkedRun('emitted', 0, { event: emitted })]);
        expect(await of(issuer)).toEqual({ account: issuer, runs: 3, bytes: parkedBytes(large) + 2 * MIN_PARKED_BYTES });
        expect(await of(`flow ${word}`)).toEqual({ account: `flow ${word}`, runs: 1, bytes: MIN_PARKED_BYTES });
        await store.parked.replaying(large.run, 0, AT_STEP);
        expect(await of(issuer)).toMatchObject({ runs: 3 });
        await store.parked.replayed(large.run, 0);
        await store.parked.drop(`${word}.small`, 0);
        await store.parked.drop(`${word}.flow`, 0);
        expect(await of(issuer)).toEqual({ account: issuer, runs: 1, bytes: MIN_PARKED_BYTES });
        expect(await of(`flow ${word}`)).toBeUndefined();
        await store.sweep({ ...KEPT, parkedMs: DAY_MS });
        expect(await of(issuer)).toBeUndefined();
      });

      it('are counted exactly when several hosts add them at once', async () => {
        const others = await Promise.all([open(), open()]);
        const runs = Array.from({ length: 60 }, (_, n) =>
          parkedRun(`at-once-${n}`, 0, { event: { ...parkedRun('a').event, source: `/issuers/${word}-${n % 3}/x` } }),
        );
        const batches = [runs, runs.toReversed(), runs.slice(0, 30)];
        await Promise.all(
          batches.map(async (batch, host) => {
            for (let at = 0; at < batch.length; at += 10) await others[host % 2]!.parked.add(batch.slice(at, at + 10));
          }),
        );
        const accounts = (await store.parked.accounts()).filter(({ account }) => account.startsWith(`issuer ${word}-`));
        expect(accounts.map(({ runs: count, bytes }) => [count, bytes])).toEqual(
          Array.from({ length: 3 }, () => [20, 20 * MIN_PARKED_BYTES]),
        );
      });

      it('are deleted after their retention', async () => {
        await store.parked.add([parkedRun('old'), parkedRun('new', 0, { parkedAt: new Date() })]);
        await store.sweep({ ...KEPT, parkedMs: DAY_MS });
        expect((await store.parked.list({ flow: word, limit: 10 })).map(({ run }) => run)).toEqual([`${word}.new`]);
      });
    });

    describe('claims', () => {
      it('belong to the first run, also when it asks again', async () => {
        const other = await open();
        const claim = { flow: word, key: ODD_TEXT, withinMs: LONG_MS };
        expect(await store.claims.claim({ ...claim, run: 'a' })).toBe('a');
        expect(await other.claims.claim({ ...claim, run: 'b' })).toBe('a');
        expect(await store.claims.claim({ ...claim, run: 'a' })).toBe('a');
      });

      it('are separate by flow and by key, however long the key is', async () => {
        const long = 'ключ '.repeat(10_000);
        const claim = { flow: word, key: long, withinMs: LONG_MS };
        expect(await store.claims.claim({ ...claim, run: 'a' })).toBe('a');
        expect(await store.claims.claim({ ...claim, key: `${long}!`, run: 'b' })).toBe('b');
        expect(await store.claims.claim({ ...claim, flow: `${word}.other`, run: 'c' })).toBe('c');
      });

      it('return one holder to all runs that ask at once', async () => {
        const other = await open();
        const asked = Array.from({ length: 200 }, (_, n) => ({
          flow: word,
          key: `key-${n % 40}`,
          run: `run-${n}`,
          withinMs: LONG_MS,
        }));
        const holders = await Promise.all(asked.map((claim, n) => (n % 3 ? store : other).claims.claim(claim)));
        const byKey = new Map<string, Set<string>>();
        asked.forEach(({ key }, n) => byKey.set(key, (byKey.get(key) ?? new Set()).add(holders[n] as string)));
        expect(byKey.size).toBe(40);
        expect([...byKey.values()].every((runs) => runs.size === 1)).toBe(true);
      });

      it('are free again when the holder releases them, and only then', async () => {
        const claim = { flow: word, key: 'k', withinMs: LONG_MS };
        await store.claims.claim({ ...claim, run: 'a' });
        await store.claims.giveBack(word, 'k', 'b');
        expect(await store.claims.claim({ ...claim, run: 'b' })).toBe('a');
        await store.claims.giveBack(word, 'k', 'a');
        expect(await store.claims.claim({ ...claim, run: 'b' })).toBe('b');
      });

      it('are free again when their time is over', async () => {
        await store.claims.claim({ flow: word, key: 'k', run: 'a', withinMs: SHORT_MS });
        const again = () => store.claims.claim({ flow: word, key: 'k', run: 'b', withinMs: LONG_MS });
        await until('the claim to end', async () => (await again()) === 'b');
      });
    });

    describe('the journal', () => {
      const entry = (more: Partial<JournalEntry> = {}): JournalEntry => ({
        at: new Date('2026-01-02T03:04:05.678Z'),
        flow: word,
        run: `${word}.run`,
        eventId: `${word}.event`,
        eventSource: '/connections/test',
        eventType: 'order.paid',
        kind: 'done',
        ...more,
      });

      it('keeps entries unchanged, whatever text they contain', async () => {
        const full = entry({
          eventId: `${word}${ODD_TEXT}`,
          causationid: `${word}.cause`,
          epoch: 2,
          note: ODD_TEXT,
          step: 's/3',
          connection: 'erp',
          attempt: 2,
          code: 'REJECTED',
          message: ODD_TEXT,
          ms: 12.5,
          waits: { kind: 'retry', priority: 'bulk', attempts: 10, until: 1_700_000_000_000 },
        });
        store.journal.write(full);
        store.journal.write(entry());
        expect(await store.journal.find(full.eventId)).toEqual([full]);
        expect(await store.journal.find(`${word}.event`)).toEqual([entry()]);
      });

      it('finds an event, a run and the children of an event, oldest first', async () => {
        const at = (day: number) => new Date(Date.UTC(2026, 0, day));
        const late = entry({ at: at(3), kind: 'parked' });
        const early = entry({ at: at(1), kind: 'called' });
        const child = entry({ at: at(2), run: `${word}.child`, eventId: `${word}.emitted`, causationid: `${word}.event` });
        for (const each of [late, child, early]) store.journal.write(each);
        expect(await store.journal.find(`${word}.event`)).toEqual([early, child, late]);
        expect(await store.journal.find(`${word}.run`)).toEqual([early, late]);
        expect(await store.journal.find(`${word}.child`)).toEqual([child]);
      });

      it('keeps the order of entries of one instant', async () => {
        const entries = Array.from({ length: 3_000 }, (_, n) => entry({ attempt: n }));
        for (const each of entries) store.journal.write(each);
        expect((await store.journal.find(`${word}.run`)).map(({ attempt }) => attempt)).toEqual(
          entries.map(({ attempt }) => attempt),
        );
        expect(store.journal.skipped).toBe(0);
      });

      it('is read page by page, in order, while entries are added', async () => {
        const entries = Array.from({ length: 25 }, (_, n) =>
          entry({ at: new Date(Date.UTC(2026, 0, 1, 0, 0, n % 4)), attempt: n }),
        );
        for (const each of entries) store.journal.write(each);
        const whole = await store.journal.find(`${word}.run`);
        const walked: JournalEntry[] = [];
        let after: JournalPosition | undefined;
        for (let n = 0; n < 20; n++) {
          const page = await store.journal.page(`${word}.run`, { limit: 10, ...(after && { after }) });
          walked.push(...page.entries);
          after = page.next;
          if (n === 0) store.journal.write(entry({ at: new Date(Date.UTC(2025, 0, 1)), attempt: 99 }));
          if (!after) break;
        }
        expect(walked).toEqual(whole);
      });

      it('has no next page after the last entry', async () => {
        for (let n = 0; n < 10; n++) store.journal.write(entry({ attempt: n }));
        expect((await store.journal.page(`${word}.run`, { limit: 10 })).next).toBeUndefined();
        expect((await store.journal.page(`${word}.run`, { limit: 9 })).next).toBeDefined();
        expect(await store.journal.page(`${word}.absent`, { limit: 9 })).toEqual({ entries: [] });
      });

      it('returns the entries of several events and runs, or of their effects, oldest first', async () => {
        const at = (day: number) => new Date(Date.UTC(2026, 0, day));
        const first = entry({ at: at(2) });
        const other = entry({ at: at(1), run: `${word}.b`, eventId: `${word}.other` });
        const effect = entry({ at: at(3), run: `${word}.c`, eventId: `${word}.effect`, causationid: `${word}.event` });
        for (const each of [first, other, effect]) store.journal.write(each);
        const ids = [`${word}.event`, `${word}.b`, `${word}.absent`];
        expect(await store.journal.entriesOf(ids, 'id', 10)).toEqual([other, first]);
        expect(await store.journal.entriesOf(ids, 'id', 1)).toEqual([other]);
        expect(await store.journal.entriesOf(ids, 'cause', 10)).toEqual([effect]);
        expect(await store.journal.entriesOf([], 'id', 10)).toEqual([]);
      });

      describe('lists runs', () => {
        const second = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, n));
        const listed = async (filter: RunFilter = {}) =>
          (await store.journal.runs({ flow: word, limit: 100, ...filter })).runs.map(({ run, kind }) => `${run.at(-1)} ${kind}`);
        const state = (n: number, run: string, more: Partial<JournalEntry> = {}) =>
          store.journal.write(entry({ at: second(n), run: `${word}.${run}`, ...more }));

        it('by their last state, newest first', async () => {
          state(1, 'a', { kind: 'waiting' });
          state(2, 'a', { kind: 'called', connection: 'erp' });
          state(3, 'a', { kind: 'parked' });
          state(4, 'b', { kind: 'done' });
          state(5, 'c', { kind: 'called', connection: 'erp' });
          expect(await listed()).toEqual(['b done', 'a parked']);
          state(6, 'a', { kind: 'replayed' });
          expect(await listed()).toEqual(['a replayed', 'b done']);
          state(7, 'a', { kind: 'done', epoch: 1 });
          expect(await listed()).toEqual(['a done', 'b done']);
        });

        it('as ended when the clock of the host that wrote the end is behind', async () => {
          state(10, 'a', { kind: 'done' });
          state(11, 'a', { kind: 'waiting' });
          expect(await listed()).toEqual(['a done']);
          state(12, 'b', { kind: 'waiting', epoch: 1 });
          state(13, 'b', { kind: 'replayed' });
          expect(await listed()).toEqual(['b waiting', 'a done']);
        });

        it('by flow, outcome and time', async () => {
          state(1, 'a');
          state(2, 'b', { kind: 'parked' });
          state(3, 'c', { flow: `${word}.other` });
          expect(await listed({ kind: 'parked' })).toEqual(['b parked']);
          expect(await listed({ since: second(2) })).toEqual(['b parked']);
          expect(await listed({ flow: `${word}.other` })).toEqual(['c done']);
        });

        it('by connection, in the order of their last calls', async () => {
          const connection = `${word}.erp`;
          state(1, 'a', { kind: 'called', connection });
          state(2, 'b', { kind: 'called', connection });
          state(3, 'a', { kind: 'retried', connection });
          state(4, 'b', { kind: 'done' });
          state(5, 'a', { kind: 'parked' });
          state(6, 'c', { kind: 'done' });
          expect(await listed({ connection })).toEqual(['a parked', 'b done']);
          expect(await listed({ connection, kind: 'done' })).toEqual(['b done']);
          const { runs, next } = await store.journal.runs({ connection, limit: 1 });
          expect(runs).toHaveLength(1);
          expect((await store.journal.runs({ connection, limit: 1, after: next! })).runs[0]?.run).toBe(`${word}.b`);
        });

        it('by the words of their notes', async () => {
          state(1, 'a', { note: 'Заказ W-4 от «Василёк»' });
          state(2, 'b', { note: 'Заказ W-40' });
          state(3, 'c', { note: "it's a \\ 'quoted' note" });
          state(4, 'd');
          const noted = (text: string) => listed({ note: parseNoteQuery(text) });
          expect(await noted('w-4')).toEqual(['a done']);
          expect(await noted('w-4*')).toEqual(['b done', 'a done']);
          expect(await noted('ЗАКАЗ василек')).toEqual(['a done']);
          expect(await noted("it's")).toEqual(['c done']);
          expect(await noted("'quoted'")).toEqual(['c done']);
          expect(await listed({ note: parseNoteQuery('заказ'), since: second(2) })).toEqual(['b done']);
        });

        it('each once, page by page, while runs are added', async () => {
          for (let n = 0; n < 25; n++) state(n % 4, String.fromCharCode(97 + n), { kind: n % 3 === 0 ? 'parked' : 'done' });
          const whole = await listed();
          const walked: string[] = [];
          let after: JournalPosition | undefined;
          for (let n = 0; n < 20; n++) {
            const page = await store.journal.runs({ flow: word, limit: 7, ...(after && { after }) });
            walked.push(...page.runs.map(({ run, kind }) => `${run.at(-1)} ${kind}`));
            if (n === 0) state(50, 'z');
            if (!page.next) break;
            after = page.next;
          }
          expect([whole.length, walked]).toEqual([25, whole]);
        });
      });

      it('is visible to other hosts after a flush', async () => {
        const other = await open();
        store.journal.write(entry());
        await store.journal.flush();
        expect(await other.journal.find(`${word}.run`)).toEqual([entry()]);
      });

      it('deletes only entries that are older than the retention', async () => {
        const young = entry({ at: new Date() });
        store.journal.write(entry({ at: new Date(Date.now() - 5 * DAY_MS) }));
        store.journal.write(young);
        await store.journal.flush();
        await store.sweep({ ...KEPT, journalMs: 3 * DAY_MS });
        expect(await store.journal.find(`${word}.run`)).toEqual([young]);
        store.journal.write(entry({ at: new Date(Date.now() - 5 * DAY_MS) }));
        await store.journal.flush();
      });
    });

    describe('the audit log', () => {
      const action = (more: Partial<AuditAction> = {}): AuditAction => ({
        issuer: 'operator',
        sub: word,
        route: 'POST /api/parked/{run}/drop',
        target: `run ${ODD_TEXT}`,
        ...more,
      });
      const ours = async (from: Store) => (await from.audit.list({ limit: 1_000 })).filter(({ sub }) => sub === word);

      it('keeps an action with its actor before it has ended, and then its outcome', async () => {
        const other = await open();
        const n = await store.audit.begin(action());
        expect(await ours(other)).toEqual([{ ...action(), n, at: expect.any(Date), outcome: 'started' }]);
        await store.audit.end(n, 'NOT_PARKED');
        expect(await ours(other)).toEqual([{ ...action(), n, at: expect.any(Date), outcome: 'NOT_PARKED' }]);
      });

      it('lists actions newest first, page by page, while actions are added', async () => {
        for (let n = 0; n < 7; n++) await store.audit.begin(action({ target: `run ${n}` }));
        const whole = await store.audit.list({ limit: 7 });
        expect(whole.map(({ target }) => target)).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `run ${n}`));
        const first = await store.audit.list({ limit: 3 });
        await store.audit.begin(action({ target: 'later' }));
        const second = await store.audit.list({ limit: 4, after: first[2]!.n });
        expect([...first, ...second]).toEqual(whole);
        expect(await store.audit.size({ limit: 4, after: first[2]!.n })).toBe(4);
        expect(await store.audit.size({ limit: 2 })).toBe(2);
      });

      it('truncates long texts', async () => {
        await store.audit.begin(action({ target: 'x'.repeat(100_000) }));
        expect((await ours(store))[0]?.target).toHaveLength(MAX_AUDIT_TEXT_LENGTH);
      });

      it('keeps an action however many actions of other routes follow', async () => {
        await store.audit.begin(action({ route: 'POST /api/tokens/revoke', target: 'jti a' }));
        for (let n = 0; n < 3; n++) await store.audit.begin(action({ target: `run ${n}` }));
        await store.sweep({ ...KEPT, auditRows: 1 });
        expect((await ours(store)).map(({ target }) => target)).toEqual(['run 2', 'jti a']);
      });

      it('deletes actions that are older than their retention or too many', async () => {
        const n = await store.audit.begin(action());
        await store.audit.begin(action({ target: 'second' }));
        await store.sweep({ ...KEPT, auditRows: 1 });
        expect((await ours(store)).map(({ target }) => target)).toEqual(['second']);
        await store.audit.end(n, 'done');
        await until('the action to be old enough', async () => {
          await store.sweep({ ...KEPT, auditMs: 1 });
          return (await ours(store)).length === 0;
        });
      });
    });

    describe('the rest', () => {
      it('ends a step once, and accepts a redelivery of the same end', async () => {
        const other = await open();
        expect(await store.endStep(word, 'call', 0, 'timer')).toBe(true);
        expect(await other.endStep(word, 'call', 0, 'result')).toBe(false);
        expect(await other.endStep(word, 'call', 0, 'timer')).toBe(true);
        expect(await other.endStep(word, 'call', 1, 'result')).toBe(true);
        expect(await other.endStep(word, 'other', 0, 'result')).toBe(true);
      });

      it('accepts one of several ends that arrive at once', async () => {
        const other = await open();
        const steps = Array.from({ length: 50 }, (_, n) => `step-${n}`);
        const ends = await Promise.all(
          steps.flatMap((step) => [
            store.endStep(word, step, 0, 'timer'),
            store.endStep(word, step, 0, 'result'),
            other.endStep(word, step, 0, 'other'),
          ]),
        );
        expect(ends.filter(Boolean)).toHaveLength(50);
      });

      it('counts how often a run was suspected', async () => {
        const other = await open();
        expect([await store.suspect(word), await other.suspect(word), await store.suspect(word)]).toEqual([1, 2, 3]);
        expect(await store.suspect(`${word}.other`)).toBe(1);
      });

      it('draws a secret once for all hosts and restarts', async () => {
        const other = await open();
        const drawn = await Promise.all([store, other, store, other].map((each, n) => each.secret(word, () => `secret-${n}`)));
        expect(new Set(drawn).size).toBe(1);
        await store.close();
        expect(await (await open()).secret(word, () => 'another')).toBe(drawn[0]);
      });

      it('keeps revoked tokens for all hosts', async () => {
        const other = await open();
        await store.revocations.add({ issuer: word, jti: 'a' });
        await other.revocations.add({ issuer: word, sub: 'a' });
        const ours = async () => (await other.revocations.list()).filter(({ issuer }) => issuer === word);
        expect(await ours()).toEqual(
          expect.arrayContaining([
            { issuer: word, jti: 'a', at: expect.any(Date) },
            { issuer: word, sub: 'a', at: expect.any(Date) },
          ]),
        );
        const first = (await ours()).find((one) => 'sub' in one);
        await store.revocations.add({ issuer: word, sub: 'a' });
        const again = (await ours()).find((one) => 'sub' in one);
        expect(await ours()).toHaveLength(2);
        expect(again?.at.getTime()).toBeGreaterThanOrEqual(first?.at.getTime() ?? Infinity);
      });

      it('remembers every deployed flow until forgetFlow is called', async () => {
        await store.flowsSeen([`${word}.a`, `${word}.b`]);
        const ours = async (flows: string[]) => (await store.flowsSeen(flows)).filter(({ flow }) => flow.startsWith(word));
        const seen = await ours([`${word}.b`]);
        expect(seen.map(({ flow }) => flow)).toEqual([`${word}.a`, `${word}.b`]);
        expect(seen[1]!.lastSeen.getTime()).toBeGreaterThanOrEqual(seen[0]!.lastSeen.getTime());
        await store.forgetFlow(`${word}.a`);
        expect((await ours([])).map(({ flow }) => flow)).toEqual([`${word}.b`]);
      });

      it('opens for several hosts at once', async () => {
        const hosts = await Promise.all([open(), open(), open()]);
        expect(await Promise.all(hosts.map((host) => host.suspect(word)))).toHaveLength(3);
      });
    });

    const harnessOfTest = { store: () => store, open, word: () => word };
    revisionTests(harnessOfTest);
    hostTests(harnessOfTest);
    scheduleTests(harnessOfTest);
    laneTests(harnessOfTest);
    loopTests(harnessOfTest);
    recordTests(harnessOfTest);

    if (traits.outages) {
      it('rejects with STORE_UNAVAILABLE while the database is unavailable, keeps its journal and its records, and recovers automatically', async () => {
        await store.leases.take(word, 'a', LONG_MS);
        await harness.stopDatabase!();
        const entry: JournalEntry = {
          at: new Date(),
          flow: word,
          run: word,
          eventId: word,
          eventSource: '/',
          eventType: 't',
          kind: 'done',
        };
        const calls: (() => Promise<unknown>)[] = [
          () => store.leases.take(word, 'a', LONG_MS),
          () => store.leases.release(word, 'a'),
          () => store.leases.list(),
          () => store.parked.list({ limit: 1 }),
          () => store.parked.size({ limit: 1 }),
          () => store.parked.groups({ flow: word }),
          () => store.parked.get(word),
          () => store.parked.count(),
          () => store.parked.replaying(word, 0, AT_STEP),
          () => store.parked.stuck(1),
          () => store.claims.claim({ flow: word, key: 'k', run: 'r', withinMs: LONG_MS }),
          () => store.claims.giveBack(word, 'k', 'r'),
          () => store.endStep(word, 's', 0, 'a'),
          () => store.suspect(word),
          () => store.secret(word, () => 's'),
          () => store.flowsSeen([word]),
          () => store.forgetFlow(word),
          () => store.sweep(KEPT),
          () => store.check(),
          () => store.journal.find(word),
          () => store.journal.page(word, { limit: 1 }),
          () => store.journal.entriesOf([word], 'id', 1),
          () => store.journal.runs({ limit: 1 }),
          () => store.records.of(word, { records: 1, bytes: 1 }),
          () => store.records.trim({ keptMs: LONG_MS, maxBytes: 1 }),
          () => store.audit.begin({ issuer: 'a', sub: 'b', route: 'c', target: 'd' }),
          () => store.audit.end(1, 'done'),
          () => store.audit.list({ limit: 1 }),
          () => store.audit.size({ limit: 1 }),
          () => store.revisions.bound([{ flow: word, revision: 'a' }]),
          () => store.revisions.announce([{ flow: word, revision: 'a', source: '', constants: '{}' }]),
          () => store.revisions.get(word, 'a'),
          () => store.revisions.newest(),
          () => store.revisions.seen([]),
          () => store.hosts.announce({ id: word, version: '1', consumes: [], flows: {} }),
          () => store.hosts.leave(word),
          () => store.hosts.list(),
          () => store.schedules.begin({ flow: word, cron: '* * * * *', timezone: 'UTC' }, new Date()),
          () => store.schedules.get(word),
          () => store.schedules.advance(word, new Date(), true),
          () => store.schedules.list(),
          () => store.loops.create({ run: word, path: 'lines', epoch: 0 }, [1]),
          () => store.loops.items({ run: word, path: 'lines', epoch: 0 }, { from: 0, maxBytes: 1 }),
          () => store.loops.end({ run: word, path: 'lines', epoch: 0 }, [{ index: 0, epoch: 0, ok: true, value: 1 }]),
          () => store.loops.ends({ run: word, path: 'lines', epoch: 0 }, { from: 0, limit: 1, maxBytes: 1 }),
          () => store.loops.missing({ run: word, path: 'lines', epoch: 0 }, { from: 0, limit: 1 }),
          () => store.loops.close({ run: word, path: 'lines', epoch: 0 }),
          () => store.loops.closeRun(word),
        ];
        for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', fate: 'unavailable' });
        store.journal.write(entry);
        await expect(store.journal.flush()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        const event = { at: entry.at, run: word, epoch: 0, flow: word, revision: 'r', step: '', attempt: 0, input: '{}' };
        store.records.write({ ...event, kind: 'event' });
        await expect(store.records.flush()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        await harness.startDatabase!();
        await until('the store to work again', () => store.check().then(Boolean, () => false));
        expect(await store.leases.take(word, 'a', LONG_MS)).toBe(1);
        expect(await store.journal.find(word)).toEqual([entry]);
        const { records } = await store.records.of(word, { records: 1, bytes: 1 });
        expect(records).toEqual([{ ...event, kind: 'event' }]);
      });
    }
  });
}
