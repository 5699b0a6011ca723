import { afterEach, describe, expect, it } from '@jest/globals';
import { Engine, ROLES } from '@sluice/engine';
import { compileWorkspace, formatFindings, parseWorkspaceFile } from '@sluice/flow';
import { MemoryBroker, MemoryDatabase, MemoryStore, VirtualClock } from '@sluice/memory';
import { action, definePlugin, fail, type AnyPlugin } from '@sluice/plugin-api';
import { FakeWorkspace, MemoryLog } from '@sluice/testing';
import { z } from 'zod';
import { LocalPacer } from '../src/local-pacer.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

const SETTINGS = `
sluice: 1
plugins: ['./erp']
connections:
  erp: { use: erp, pace: { breaker: { failures: 1, within: 30s, probe: 5s } } }
`;

const FLOW = `
sluice: 1
flow: order
trigger: { use: event, with: { types: [order.created] } }
deliver:
  expires: 30d
  dedupe: { key: '\${{ trigger.data.number }}', within: 1h }
  retry: { attempts: 2, backoff: fixed, initial: 15m, max: 15m }
steps:
  - id: save
    use: erp.save
    connection: erp
    with: { number: '\${{ trigger.data.number }}', at: '\${{ $now() }}' }
`;

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** The engine of production and the pace of production, on a virtual clock and adapters in memory. */
async function start() {
  const clock = new VirtualClock();
  const began = clock.now();
  const peer: { answer: () => void } = { answer: () => undefined };
  const calls: { readonly at: number; readonly input: { readonly number: string; readonly at: string } }[] = [];
  const plugin: AnyPlugin = definePlugin({
    name: 'erp',
    api: '^1',
    connection: z.strictObject({}),
    open: async () => ({ close: async () => undefined }),
    check: async () => peer.answer(),
    pace: { concurrency: { start: 2, max: 2, adaptive: false } },
    triggers: {},
    actions: {
      save: action({
        title: 'Save an order',
        input: z.strictObject({ number: z.string(), at: z.string() }),
        output: z.unknown(),
        idempotent: 'by-key',
        async run(_client: { close(): Promise<void> }, input) {
          calls.push({ at: clock.now() - began, input });
          peer.answer();
          return {};
        },
      }),
    },
  });
  const source = (file: string, text: string) => ({ file, bytes: Buffer.from(text) });
  const parsed = parseWorkspaceFile(source('sluice.yaml', SETTINGS));
  if (!parsed.file) throw new Error(formatFindings(parsed.findings));
  const plugins = new Map([[plugin.name, plugin]]);
  const flows = [source('flows/order.yaml', FLOW)];
  const { workspace, findings } = compileWorkspace({ workspace: parsed.file, flows, plugins, env: {} });
  if (!workspace) throw new Error(formatFindings(findings));

  const bus = new MemoryBroker(clock).connect();
  const store = new MemoryStore(new MemoryDatabase(clock));
  const log = new MemoryLog();
  const pacer = new LocalPacer({ leases: store.leases, hostId: 'host-1', log, clock });
  const { listen, tokens, routes, meter, database } = new FakeWorkspace().host();
  const outcomes: string[] = [];
  const engine = new Engine({
    workspace,
    plugins,
    compile: async () => ({ ok: false, findings: [] }),
    version: '0.0.0',
    bus,
    store,
    pacer,
    capabilities: { listen, tokens: () => tokens, routes, database: () => database, meter: () => meter },
    observer: {
      accepted: () => undefined,
      unrouted: () => undefined,
      hop: (_flow, _ms, outcome) => void (outcome && outcomes.push(outcome)),
      unwanted: () => undefined,
      filtered: () => undefined,
      called: () => undefined,
      parked: () => undefined,
    },
    log,
    clock,
    hostId: 'host-1',
    roles: new Set(ROLES),
    mask: (text) => text,
  });
  await engine.start();
  engine.ready();
  running.push(async () => {
    const stopped = engine.stop();
    await clock.advance(10 * SECOND_MS);
    await stopped;
    await bus.close();
  });
  await clock.advance(SECOND_MS);
  const order = async (id: string, number: string) => {
    await engine.ingress.publish({ type: 'order.created', source: '/shop', id, data: { number } });
    await clock.advance(SECOND_MS);
  };
  return { clock, began, peer, calls, outcomes, log, order };
}

/** Fails as an unavailable remote system. */
function away(): never {
  throw fail.UNREACHABLE('nobody answers', { sent: 'no' });
}

describe('a whole flow on a virtual clock', () => {
  it('tries a failed call again after 15 minutes, with the input of the first time', async () => {
    const { clock, began, peer, calls, outcomes, order } = await start();
    peer.answer = () => {
      peer.answer = () => undefined;
      throw fail.TIMED_OUT('slow', { sent: 'no' });
    };
    await order('1', 'А-1');
    expect([calls.length, outcomes]).toEqual([1, []]);
    await clock.advance(18 * MINUTE_MS);
    expect(outcomes).toEqual(['done']);
    const [first, second] = calls;
    // the pause varies by a fifth
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(12 * MINUTE_MS);
    expect(second!.input).toEqual(first!.input);
    expect(Date.parse(first!.input.at)).toBe(began + SECOND_MS);
  });

  it('drops an event after 30 days during which the remote system was unavailable, without a call', async () => {
    const { clock, peer, calls, outcomes, order } = await start();
    peer.answer = away;
    await order('1', 'А-1');
    expect(calls).toHaveLength(1);
    await clock.jump(29 * DAY_MS);
    expect(outcomes).toEqual([]);
    await clock.jump(DAY_MS);
    peer.answer = () => undefined;
    await clock.advance(MINUTE_MS);
    expect([calls.length, outcomes]).toEqual([1, ['expired']]);
  });

  it('runs one of two events with the same key within an hour, and both when the hour is over', async () => {
    const { clock, outcomes, calls, order } = await start();
    await order('1', 'А-1');
    await clock.advance(59 * MINUTE_MS);
    await order('2', 'А-1');
    expect(outcomes).toEqual(['done', 'duplicate']);
    await clock.advance(MINUTE_MS);
    await order('3', 'А-1');
    expect(outcomes).toEqual(['done', 'duplicate', 'done']);
    expect(calls).toHaveLength(2);
  });

  it('holds a push while the breaker is open for a minute, and makes its call at the first probe that succeeds', async () => {
    const { clock, peer, calls, outcomes, log, order } = await start();
    peer.answer = away;
    await order('1', 'А-1');
    await clock.advance(MINUTE_MS);
    await order('2', 'А-2');
    expect([calls.length, outcomes]).toEqual([1, []]);
    peer.answer = () => undefined;
    await clock.advance(5 * SECOND_MS);
    expect(outcomes).toEqual(['done', 'done']);
    expect(calls.map(({ input }) => input.number).toSorted()).toEqual(['А-1', 'А-1', 'А-2']);
    const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warnings).toEqual([
      expect.stringContaining('erp cannot be reached: nobody answers'),
      expect.stringMatching(/^erp is available again after 6\d s/),
    ]);
  });
});
