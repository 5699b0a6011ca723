import { describe, expect, it } from '@jest/globals';
import { fail } from '@sluice/plugin-api';
import type { JournalEntry } from '@sluice/engine';
import { VirtualClock } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, testEngines, type TestEngine } from './engine-harness.js';

const { start } = testEngines();

const PUSH = `  - id: save
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.text }}' }
`;
const NOTE = "note: 'Order ${{ trigger.data.number }}'\n";

/** Returns the entries of the journal, oldest first. */
async function journalOf({ store, database }: TestEngine): Promise<readonly JournalEntry[]> {
  await store.journal.flush();
  return database.journal;
}

describe('the note of a run', () => {
  it('is in the journal and in the parked row, also after a call', async () => {
    const engine = await start({
      flows: flow('t', PUSH, NOTE),
      answer: ({ input }) => {
        if (input.text === 'bad') throw fail.REJECTED('refused', { sent: 'yes' });
        return 'ok';
      },
    });
    await engine.publish('t.asked', { text: 'good', number: 'W-4' });
    await engine.publish('t.asked', { text: 'bad', number: 'W-5' });
    await engine.ended('done');
    await engine.ended('parked');
    await until('the row', () => engine.database.parked.size === 1);
    expect((await engine.store.parked.list({ limit: 1 }))[0]?.note).toBe('Order W-5');
    expect((await journalOf(engine)).map(({ kind, note }) => `${kind} ${note}`).sort()).toEqual([
      'called Order W-4',
      'done Order W-4',
      'parked Order W-5',
      'retried Order W-5',
    ]);
  });

  it('is kept over a replay', async () => {
    let broken = true;
    const engine = await start({
      flows: flow('t', PUSH, NOTE),
      answer: () => {
        if (broken) throw fail.REJECTED('refused', { sent: 'yes' });
        return 'ok';
      },
    });
    await engine.publish('t.asked', { text: 'a', number: 1 });
    await engine.ended('parked');
    await until('the row', () => engine.database.parked.size === 1);
    broken = false;
    await engine.engine.parking.replay((await engine.store.parked.list({ limit: 1 }))[0]?.run ?? '');
    await engine.ended('done');
    const entries = (await journalOf(engine)).filter(({ kind }) => kind !== 'called' && kind !== 'retried');
    expect(entries.map(({ kind, epoch = 0, note }) => [kind, epoch > 0, note])).toEqual([
      ['parked', false, 'Order 1'],
      ['replayed', false, 'Order 1'],
      ['done', true, 'Order 1'],
    ]);
  });

  it.each<[string, string, unknown, string | undefined]>([
    ['has no value', NOTE, {}, undefined],
    ['fails', "note: '${{ $number(trigger.data.number) }}'\n", { number: 'seven' }, undefined],
    ['is empty', "note: '${{ trigger.data.number }}'\n", { number: '  ' }, undefined],
    ['has several lines', "note: '${{ trigger.data.number }}'\n", { number: ' a\n\tb ' }, 'a b'],
    ['is too long', "note: '${{ trigger.data.number }}'\n", { number: '\u{1F600}'.repeat(300) }, '\u{1F600}'.repeat(200)],
  ])('that %s never ends the run', async (_name, note, data, kept) => {
    const engine = await start({ flows: flow('t', '  - { id: a, set: 1 }\n', `${note}journal: all\n`) });
    await engine.publish('t.asked', data);
    await engine.ended('done');
    expect((await journalOf(engine)).map((entry) => entry.note)).toEqual([kept]);
  });
});

describe('a run that waits outside of its host', () => {
  const SLOW_MS = 5_000;

  /** Starts a flow whose calls end after the clock was advanced. */
  async function withSlowCalls(steps: string, more = '') {
    const clock = new VirtualClock();
    const engine = await start({
      clock,
      flows: `${flow('t', steps, more)}---\n${flow('inner', PUSH).replace('event\n  with: { types: [inner.asked] }', 'flow')}`,
      answer: async ({ input }) => {
        if (input.text === 'slow') await new Promise<void>((resolve) => void clock.after(SLOW_MS, resolve));
        if (input.text === 'busy') throw fail.TIMED_OUT('no answer', { sent: 'no' });
        return 'ok';
      },
    });
    const waiting = async () => (await journalOf(engine)).filter(({ kind }) => kind === 'waiting');
    return { clock, engine, waiting };
  }

  it('has an entry when its call takes longer than two seconds, and none when it is quick', async () => {
    const { clock, engine, waiting } = await withSlowCalls(PUSH, NOTE);
    await engine.publish('t.asked', { text: 'quick', number: 1 });
    await engine.publish('t.asked', { text: 'slow', number: 2 });
    await clock.advance(4_000);
    expect(await waiting()).toMatchObject([
      { note: 'Order 2', step: 'save', connection: 'peer', attempt: 1, waits: { kind: 'pace', priority: 'normal' } },
    ]);
    await clock.advance(SLOW_MS);
    await engine.ended('done', 2);
    expect((await engine.store.journal.runs({ limit: 10 })).runs.map(({ kind }) => kind)).toEqual(['done', 'done']);
  });

  it('has an entry with the time of its retry and with its item', async () => {
    const loop = `  - id: lines\n    forEach:\n      in: \${{ ["x", "busy"] }}\n      as: line\n      steps:\n${PUSH.replaceAll(/^/gm, '      ').trimEnd()}\n`;
    const steps = loop.replace('trigger.data.text', 'line');
    const { clock, engine, waiting } = await withSlowCalls(steps, 'deliver: { retry: { attempts: 3, initial: 30s } }\n');
    await engine.publish('t.asked', {});
    await clock.advance(4_000);
    expect(await waiting()).toMatchObject([
      { step: 'save/1', attempt: 2, waits: { kind: 'retry', attempts: 3, until: expect.any(Number), item: 1, items: 2 } },
    ]);
  });

  it('has an entry with the run that it has called', async () => {
    const { clock, engine, waiting } = await withSlowCalls('  - { id: ask, call: { flow: inner, data: { text: slow } } }\n');
    await engine.publish('t.asked', {});
    await clock.advance(4_000);
    const entries = await waiting();
    expect(entries).toMatchObject([
      { flow: 't', step: 'ask', waits: { kind: 'call', flow: 'inner' } },
      { flow: 'inner', step: 'save', waits: { kind: 'pace' } },
    ]);
    expect(entries[0]?.waits).toMatchObject({ run: entries[1]?.run });
    expect(entries[1]?.causationid).toBe(entries[0]?.eventId);
  });

  it('has no entry in a flow without a journal', async () => {
    const { clock, engine, waiting } = await withSlowCalls(PUSH, 'journal: off\n');
    await engine.publish('t.asked', { text: 'slow' });
    await clock.advance(4_000);
    expect(await waiting()).toEqual([]);
  });

  it('has an entry when its host stops', async () => {
    const { clock, engine } = await withSlowCalls(PUSH);
    await engine.publish('t.asked', { text: 'slow' });
    await clock.advance(1_000);
    const stopping = engine.engine.stop();
    await clock.advance(20_000);
    await stopping;
    expect((await journalOf(engine)).some(({ kind }) => kind === 'waiting')).toBe(true);
  });
});

describe('the journal of an unpaced call', () => {
  const SAY = `  - { id: say, use: fake.say, connection: quick, with: { text: '\${{ trigger.data.text }}' } }\n`;

  it.each([
    ['', ['say retried', 'say called', '- done']],
    ['journal: off\n', []],
  ])('has an entry for each try, unless it is off: "%s"', async (mode, entries) => {
    const engine = await start({
      flows: flow('t', SAY, mode),
      answer: ({ attempt }) => {
        if (attempt === 1) throw fail.OVERLOADED('busy', { sent: 'yes' });
        return 'ok';
      },
    });
    await engine.publish('t.asked', { text: 'a' });
    await engine.ended('done');
    const written = (await journalOf(engine)).filter(({ kind }) => kind !== 'waiting');
    expect(written.map(({ kind, step = '-' }) => `${step} ${kind}`)).toEqual(entries);
  });
});
