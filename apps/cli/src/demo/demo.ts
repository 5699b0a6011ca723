import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AdminClient } from '@sluice/admin-contract';
import { startOnec, startPbx, type Onec, type Pbx } from '@sluice/emulator';
import { readEnv, signOperatorToken } from '@sluice/host';
import { freePort } from '@sluice/runtime';
import { HostApi } from '../admin/host-api.js';
import { CommandError } from '../exit.js';
import { SAMPLE_WORKSPACE } from '../host/sample-workspace.js';
import { progress } from '../terminal/progress.js';
import { seconds } from '../terminal/words.js';
import { callAllAtOnce, callInPlainLoops } from './calls.js';
import { showConversations } from './conversations.js';
import { showDesktops } from './desktops.js';
import { HostProcess } from './host-process.js';
import { resultOf, type DemoResult } from './result.js';
import { sendOrders } from './sender.js';
import { showCalls } from './telephone.js';

const MAX_CALLS = 10;
const LATENCY_MS = 50;
/** Maximum number of concurrent connections; more would exceed the limits of some systems. */
const AT_ONCE = 1_000;
const LOOK_MS = 10;
/** Time without a delivery after which the rest counts as lost. Longer than the wait for calls of a killed host. */
const GIVE_UP_MS = 60_000;
const TOKEN_TTL_MS = 3_600_000;

export interface DemoOptions {
  readonly events: number;
  /** Whether to kill the host half-way and restart it. */
  readonly kill: boolean;
  /** Ends the demo early; the host and the emulators are stopped. */
  readonly signal: AbortSignal;
  /** Prints the progress. */
  readonly report: (text: string) => void;
  readonly terminal: boolean;
}

/**
 * Runs the demo: calls without a pace, the same number of events through Sluice, and ten plain loops; then desktops, the telephone and conversations.
 * The emulators in this process count all calls and events. The host is a child process, so that it can be killed. Rejects when the
 * signal aborts.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const onec = await startOnec({ port: 0, maxCalls: MAX_CALLS, latencyMs: LATENCY_MS });
  const pbx = await startPbx({ port: 0 });
  const secret = randomBytes(32).toString('base64url');
  const stompPort = await freePort();
  const host = new HostProcess(hostOptions({ onec, pbx }, secret, stompPort));
  try {
    await host.start();
    options.report(`sluice demo   ${host.engines}\n`);
    options.report(
      `a stand-in for 1C on ${onec.url}: takes ${MAX_CALLS} calls at once, ${LATENCY_MS} ms each, refuses the ${MAX_CALLS + 1}th\n\n`,
    );
    const token = await signOperatorToken(secret, { sub: 'demo', scope: 'events:write viewer', ttlMs: TOKEN_TTL_MS });
    await finishLeftovers(host, onec, token, options.signal);
    await withoutSluice(onec, options);
    const { sent, ms } = await withSluice({ host, onec, token }, options);
    const stats = onec.stats();
    options.report(
      `\nwhat the stand-in counted itself: ${stats.calls} calls, ${stats.distinct} different orders, ${stats.peak} at most at once, ${stats.refused} refused\n`,
    );
    // the host still runs during the comparison, for equal conditions
    const plainMs = await callInPlainLoops(gateOf(onec), options.events, MAX_CALLS);
    options.signal.throwIfAborted();
    const part = { port: stompPort, secret, token, url: () => host.url, signal: options.signal, report: options.report };
    await showDesktops(part);
    await showCalls({ ...part, pbx, gate: gateOf(onec) });
    await showConversations(part);
    return resultOf(stats, { sent, ms, plainMs, maxCalls: MAX_CALLS });
  } finally {
    await host.stop();
    await pbx.close();
    await onec.close();
  }
}

function hostOptions({ onec, pbx }: { readonly onec: Onec; readonly pbx: Pbx }, secret: string, stompPort: number) {
  const home = path.join(readEnv().SLUICE_HOME, 'demo');
  const env = {
    ...process.env,
    SLUICE_HOME: home,
    SLUICE_HTTP_PORT: '0',
    SLUICE_HTTP_HOST: '127.0.0.1',
    SLUICE_STOMP_PORT: String(stompPort),
    SLUICE_TOKEN_SECRET: secret,
    ERP_URL: `${onec.url}/demo/hs/gate`,
    // the emulator has no users
    ERP_USER: undefined,
    ERP_PASSWORD: undefined,
    ERP_WS_URL: undefined,
    PBX_HOST: pbx.host,
    PBX_PORT: String(pbx.port),
    PBX_USER: undefined,
    PBX_SECRET: undefined,
  };
  return { workspace: SAMPLE_WORKSPACE, home, env };
}

const gateOf = (onec: Onec) => `${onec.url}/demo/hs/gate/v1`;

/** Waits until the events of an interrupted demo are delivered, because they must not be counted. */
async function finishLeftovers(host: HostProcess, onec: Onec, token: string, signal: AbortSignal): Promise<void> {
  const api = new HostApi(host.url ?? '', token);
  const until = performance.now() + GIVE_UP_MS;
  while ((await waitingIn(api.admin)) + onec.stats().inFlight > 0) {
    if (performance.now() > until) throw new CommandError(`events of an earlier demo do not drain: see ${host.log}`);
    await pause(100, undefined, { signal });
  }
}

async function waitingIn(admin: AdminClient): Promise<number> {
  const { queues } = await admin.status({});
  const ours = queues.filter(({ queue }) => /^flow\.demo(\.next)?$|^push\.erp\./.test(queue));
  return ours.reduce((sum, { waiting, held = 0 }) => sum + waiting + held, 0);
}

async function withoutSluice(onec: Onec, { events, report, signal }: DemoOptions): Promise<void> {
  const count = Math.min(events, AT_ONCE);
  report(`1  without Sluice, ${count} calls at once\n`);
  onec.reset();
  await callAllAtOnce(gateOf(onec), count);
  signal.throwIfAborted();
  const { done, refused } = onec.stats();
  report(`   answered ${done}   refused ${refused}\n\n`);
}

interface Parts {
  readonly host: HostProcess;
  readonly onec: Onec;
  readonly token: string;
}

async function withSluice({ host, onec, token }: Parts, options: DemoOptions): Promise<{ sent: number; ms: number }> {
  const { events, kill, report, terminal, signal } = options;
  const lines = (await readFile(path.join(SAMPLE_WORKSPACE, 'flows/demo.yaml'), 'utf8')).trim().split('\n').length;
  report(`2  with Sluice, ${events} events through flows/demo.yaml (${lines} lines)\n`);
  onec.reset();
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, ending.signal]);
  const shown = progress({ write: report, total: events, terminal, now: () => performance.now() });
  let sent = 0;
  const from = performance.now();
  const sending = sendOrders(events, { url: () => host.url, token, signal: stop }, () => sent++);
  const crashing = kill ? crashHalfway({ host, onec, events, report: (text) => shown.note(text), signal: stop }) : undefined;
  const work = Promise.all([sending, crashing]);
  try {
    const ms = await Promise.race([
      watch(onec, { events, from, signal }, (text, done) => shown.show(done, text)),
      // this promise only rejects
      work.then(() => new Promise<never>(() => undefined)),
    ]);
    return { sent, ms };
  } finally {
    shown.end();
    ending.abort();
    await work.catch(() => undefined);
  }
}

interface Crash {
  readonly host: HostProcess;
  readonly onec: Onec;
  readonly events: number;
  readonly report: (text: string) => void;
  readonly signal: AbortSignal;
}

async function crashHalfway({ host, onec, events, report, signal }: Crash): Promise<void> {
  while (onec.stats().distinct < events / 2) await pause(LOOK_MS, undefined, { signal });
  const from = performance.now();
  report(`kill -9 of the host, after ${onec.stats().distinct} orders`);
  await host.crash();
  report(`the host is back after ${seconds(performance.now() - from)}`);
}

/** Resolves with the milliseconds to the last finished call, when all calls are done or no more calls arrive. */
async function watch(
  onec: Onec,
  { events, from, signal }: { readonly events: number; readonly from: number; readonly signal: AbortSignal },
  show: (text: string, done: number) => void,
): Promise<number> {
  let done = 0;
  let doneAt = from;
  for (;;) {
    const { distinct, inFlight, refused } = onec.stats();
    const now = performance.now();
    if (distinct > done) {
      done = distinct;
      doneAt = now;
    }
    show(`${done} of ${events}   in 1C now ${inFlight} of ${MAX_CALLS}   refused ${refused}   ${seconds(now - from)}`, done);
    if ((done >= events && inFlight === 0) || now - doneAt > GIVE_UP_MS) return doneAt - from;
    await pause(LOOK_MS, undefined, { signal });
  }
}
