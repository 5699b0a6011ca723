import { readdirSync, statSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { engineFail, systemClock } from '@sluice/plugin-api';
import { MemoryLog, until } from '@sluice/testing';
import { Spool } from './spool.js';
import type { SpoolEntry } from './spool-record.js';

let folder: string;
let opened: Spool[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sluice-spool-'));
});

afterEach(async () => {
  await Promise.all(opened.map((spool) => spool.close()));
  opened = [];
  await rm(folder, { recursive: true });
});

/** A broker that can be unavailable, with the events that it has received. */
class Broker {
  readonly handed: SpoolEntry[] = [];
  away = false;

  readonly hand = async (record: SpoolEntry) => {
    // as over a network: the answer arrives in a later turn of the event loop
    await new Promise((resolve) => setImmediate(resolve));
    if (this.away) throw engineFail.BUS_UNAVAILABLE('the broker is unavailable');
    this.handed.push(record);
  };

  get ids(): string[] {
    return this.handed.map(({ event }) => event.id);
  }
}

async function open(broker: Pick<Broker, 'hand'>, limitBytes?: number) {
  const log = new MemoryLog();
  let lost = 0;
  const dropped = (count: number) => (lost += count);
  const spool = await Spool.open({
    folder,
    hand: broker.hand,
    log,
    clock: systemClock,
    dropped,
    name: 'calls',
    ...(limitBytes !== undefined && { limitBytes }),
  });
  opened.push(spool);
  return { spool, log, lost: () => lost };
}

const at = Date.parse('2026-11-22T12:00:00Z');

function record(id: string, more: Partial<SpoolEntry['event']> = {}): SpoolEntry {
  return {
    acceptedAt: at,
    event: { id, type: 'calls.call', source: '/connections/pbx', time: new Date(at), data: { номер: id }, ...more },
  };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));

describe('a spool', () => {
  it('publishes every event unchanged and in order', async () => {
    const broker = new Broker();
    const { spool } = await open(broker);
    spool.append(record('0', { subject: 's', body: Buffer.from([0, 10, 255]), datacontenttype: 'application/octet-stream' }));
    for (const id of numbers(1, 1_000)) spool.append(record(id));
    await until('all of them', () => broker.handed.length === 1_000, 5_000);
    expect(broker.ids).toEqual(numbers(0, 1_000));
    expect(broker.handed[0]).toEqual(
      record('0', { subject: 's', body: Buffer.from([0, 10, 255]), datacontenttype: 'application/octet-stream' }),
    );
    expect(broker.handed[1]).toEqual(record('1'));
  });

  it('keeps events while the broker is unavailable, and publishes them with their time of arrival', async () => {
    const broker = new Broker();
    broker.away = true;
    const { spool } = await open(broker);
    for (const id of numbers(0, 10)) spool.append(record(id));
    await until('them on the disk', () => readdirSync(folder).length > 0, 5_000);
    broker.away = false;
    await until('all of them', () => broker.ids.length >= 10, 5_000);
    expect(broker.ids).toEqual(numbers(0, 10));
    expect(broker.handed[0]?.acceptedAt).toBe(at);
    await until('an empty spool', () => spool.waiting === 0, 5_000);
  });

  it('publishes the remaining events after a crash, without the line that was cut off', async () => {
    const gone = new Broker();
    gone.away = true;
    // its process dies: it is never closed, and the files stay as they are
    const before = await Spool.open({
      folder,
      hand: gone.hand,
      log: new MemoryLog(),
      clock: systemClock,
      dropped: () => undefined,
      name: 'calls',
    });
    for (const id of numbers(0, 5)) before.append(record(id));
    await until('them on the disk', () => before.waiting > 0 && readdirSync(folder).some((file) => file.endsWith('.log')), 5_000);
    const [segment = ''] = readdirSync(folder).filter((file) => file.endsWith('.log'));
    await until('the write', () => before.waiting === statSync(path.join(folder, segment)).size, 5_000);
    await appendFile(path.join(folder, segment), '{"acceptedAt":17');
    const broker = new Broker();
    const { spool } = await open(broker);
    spool.append(record('5'));
    await until('all of them', () => broker.ids.length === 6, 5_000);
    expect(broker.ids).toEqual(numbers(0, 6));
    gone.away = false;
    await before.close();
  });

  it('repeats nothing after an orderly stop', async () => {
    const first = new Broker();
    const before = await open(first);
    for (const id of numbers(0, 3)) before.spool.append(record(id));
    await before.spool.close();
    expect(first.ids).toEqual(numbers(0, 3));
    const second = new Broker();
    const { spool } = await open(second);
    spool.append(record('3'));
    await until('the new one', () => second.ids.length === 1, 5_000);
    expect(second.ids).toEqual(['3']);
  });

  it('drops the oldest when it is full, and counts them', async () => {
    const broker = new Broker();
    broker.away = true;
    const { spool, lost, log } = await open(broker, 64 * 1024);
    for (let round = 0; round < 100; round++) {
      for (const id of numbers(round * 20, round * 20 + 20)) spool.append(record(id, { data: 'x'.repeat(100) }));
      await until('the write', () => spool.waiting <= 64 * 1024, 5_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('room', () => lost() > 0, 5_000);
    broker.away = false;
    await until('an empty spool', () => broker.ids.at(-1) === '1999' && spool.waiting === 0, 10_000);
    const dropped = lost();
    // a batch that was under way when its file was dropped may be delivered all the same
    const kept = new Set(broker.ids);
    expect(kept.size).toBeGreaterThanOrEqual(2_000 - dropped);
    expect(numbers(dropped, 2_000).filter((id) => !kept.has(id))).toEqual([]);
    expect(log.lines.at(-1)?.message).toContain('its spool is full');
  });

  it('skips events that can never be published', async () => {
    const broker = new Broker();
    const hand = (one: SpoolEntry) =>
      one.event.id === '1' ? Promise.reject(engineFail.BODY_TOO_LARGE('too large', { sent: 'no' })) : broker.hand(one);
    const { spool, log } = await open({ hand });
    for (const id of numbers(0, 3)) spool.append(record(id));
    await until('the others', () => broker.ids.length === 2, 5_000);
    expect(broker.ids).toEqual(['0', '2']);
    expect(log.lines).toEqual([expect.objectContaining({ level: 'error', message: expect.stringContaining('nobody takes') })]);
  });

  it('starts from the existing files when its own position cannot be read', async () => {
    const first = new Broker();
    const before = await open(first);
    before.spool.append(record('0'));
    await before.spool.close();
    await writeFile(path.join(folder, 'delivered.json'), '{"segm');
    const second = new Broker();
    await open(second);
    await until('it again', () => second.ids.length === 1, 5_000);
    expect(second.ids).toEqual(['0']);
  });

  it('rejects to open in a folder in which no file can be written', async () => {
    const file = path.join(folder, 'taken');
    await writeFile(file, 'a file where its folder would be');
    const spool = Spool.open({
      folder: file,
      hand: async () => undefined,
      log: new MemoryLog(),
      clock: systemClock,
      dropped: () => undefined,
      name: 'calls',
    });
    await expect(spool).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe('the files of a spool', () => {
  it('are readable by the user of the host only, and the folders above keep their modes', async () => {
    await chmod(folder, 0o755);
    const own = path.join(folder, 'calls');
    await mkdir(own, { mode: 0o755 });
    const spool = await Spool.open({
      folder: own,
      hand: () => Promise.reject(engineFail.BUS_UNAVAILABLE('the broker is unavailable')),
      log: new MemoryLog(),
      clock: systemClock,
      dropped: () => undefined,
      name: 'calls',
    });
    opened.push(spool);
    spool.append(record('a'));
    await until('the record to be written', () => readdirSync(own).length > 0);
    const modeOf = (file: string) => statSync(file).mode & 0o777;
    expect([modeOf(folder), modeOf(own)]).toEqual([0o755, 0o700]);
    const files = readdirSync(own);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect([file, modeOf(path.join(own, file))]).toEqual([file, 0o600]);
  });
});
