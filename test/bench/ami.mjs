// bench ami: how fast the events of a telephone exchange are read, and whether a flow loses events that it consumes during a flood.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { PacketReader } from '../../plugins/asterisk-ami/dist/ami/packet-reader.js';
import { parsePacket } from '../../plugins/asterisk-ami/dist/ami/packet.js';
import { median, record } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { end, startNode } from './lib/processes.mjs';

const RECORDING = new URL('../../plugins/asterisk-ami/test/fixtures/asterisk-16-outbound-call.txt', import.meta.url);
const FLOOD = fileURLToPath(new URL('./lib/flood.mjs', import.meta.url));
const SECRET = 'bench-of-the-flood';
/** Size of a socket's read, in bytes. */
const CHUNK = 64 * 1024;
const PARSED = 200_000;
const ROUNDS = 5;
const PER_SECOND = 20_000;
const SECONDS = 5;
const TOTAL = PER_SECOND * SECONDS;
const WANTED = 0.01;
const DRAIN_MS = 60_000;
/** Warm-up load: a host that has just started still compiles its code. */
const WARM = { perSecond: 2_000, seconds: 2, calmMs: 2_000 };

/** Parses the events of a recorded call, in chunks as a network delivers them, and decodes each to its last field. */
function parse() {
  const text = readFileSync(RECORDING, 'utf8');
  const banner = Buffer.from(text.slice(0, text.indexOf('\n') + 1));
  const [, ...packets] = text.split('\r\n\r\n');
  const events = packets.filter((packet) => packet.startsWith('Event: ')).map((packet) => `${packet}\r\n\r\n`);
  const stream = Buffer.from(events.join('').repeat(Math.ceil(PARSED / events.length)));
  let count = 0;
  const reader = new PacketReader({
    banner: () => undefined,
    packet: (bytes) => (count += parsePacket(bytes.toString()).Event === undefined ? 0 : 1),
    oversized: () => undefined,
  });
  reader.push(banner);
  const from = process.cpuUsage();
  for (let at = 0; at < stream.length; at += CHUNK) reader.push(stream.subarray(at, at + CHUNK));
  const { user, system } = process.cpuUsage(from);
  return { perSecond: Math.round((count * 1e6) / (user + system)), megabytes: Math.round(stream.length / 1e6) };
}

/** Starts a server that counts the pushes of the flow. It is outside of the host, so its count is independent evidence. */
async function startSink() {
  const numbers = new Set();
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      numbers.add(Number(JSON.parse(Buffer.concat(chunks)).number));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { numbers, url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function ask(pbx, order) {
  const answer = once(pbx, 'message');
  pbx.send(order);
  return (await answer)[0];
}

/** Returns the events that the broker has accepted and the bytes that wait for it, from the metrics of the host. */
async function accepted(host) {
  const text = await (await fetch(`${host.url}/metrics`)).text();
  const sum = (name) =>
    [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'gm'))].reduce((all, [, value]) => all + Number(value), 0);
  return { events: sum('sluice_accepted_total'), lost: sum('sluice_spool_lost_total'), waiting: sum('sluice_spool_bytes') };
}

async function until(condition, ms = DRAIN_MS) {
  for (const end = performance.now() + ms; performance.now() < end; await pause(50)) if (await condition()) return true;
  return false;
}

function benchParser() {
  const rounds = Array.from({ length: ROUNDS }, parse);
  const perSecond = median(rounds.map((round) => round.perSecond));
  record('ami-parse', { perSecond, rounds }, `${perSecond} events/s read and decoded, per second of one core`);
}

/** Runs `work` with a host on a workspace of the bench, connected to a private exchange. */
async function withHost(workspace, env, work) {
  const { child: pbx, ready } = startNode([FLOOD, SECRET], { ipc: true });
  const { port } = await ready;
  const host = new BenchHost(workspace, { env: { ...env, PBX_PORT: String(port), PBX_SECRET: SECRET } });
  try {
    await host.start();
    await until(async () => (await ask(pbx, 'stats')).actions.Events > 0);
    await ask(pbx, { ...WARM, share: WANTED });
    await until(async () => (await accepted(host)).events >= WARM.perSecond * WARM.seconds * WANTED);
    await pause(WARM.calmMs);
    return await work(host, (share) => ask(pbx, { perSecond: PER_SECOND, seconds: SECONDS, share }));
  } finally {
    await host.remove();
    await end(pbx);
  }
}

/** A flow consumes one event of a hundred; all of them have to arrive. */
async function benchFew() {
  const sink = await startSink();
  const wanted = TOTAL * WANTED;
  const { cutOff } = await withHost('ami', { SINK_URL: sink.url }, async (_host, flood) => {
    sink.numbers.clear();
    const stats = await flood(WANTED);
    await until(() => sink.numbers.size === wanted);
    return stats;
  });
  sink.close();
  const lost = wanted - sink.numbers.size;
  const line = `${lost} of ${wanted} wanted events lost, cut off ${cutOff} times, ${PER_SECOND}/s for ${SECONDS} s, embedded`;
  record('ami-flood', { lost, wanted, cutOff }, line);
  if (lost > 0 || cutOff > 0) process.exitCode = 1;
}

/** A flow consumes all events: measures how many the broker accepts, and how many the spool holds in the meantime. */
async function benchAll() {
  const result = await withHost('ami-all', {}, async (host, flood) => {
    const before = await accepted(host);
    const from = performance.now();
    const { cutOff } = await flood(WANTED);
    const held = await accepted(host);
    // events from a time in which the reader was cut off never arrive
    let { events: last } = held;
    let lastAt = performance.now();
    await until(async () => {
      await pause(1_000);
      const now = await accepted(host);
      const over = now.waiting === 0 && now.events === last;
      if (now.events !== last) lastAt = performance.now();
      last = now.events;
      return over;
    });
    const after = await accepted(host);
    const events = after.events - before.events;
    const { lost } = after;
    const seconds = (lastAt - from) / 1000;
    return { cutOff, events, lost, perSecond: Math.round(events / seconds), heldMegabytes: Math.round(held.waiting / 1e6) };
  });
  const { events, lost, cutOff, perSecond, heldMegabytes } = result;
  const line = `${perSecond}/s accepted by the broker of ${PER_SECOND}/s for ${SECONDS} s, ${heldMegabytes} MB in the spool, ${events} kept, ${lost} dropped and counted, cut off ${cutOff} times, embedded`;
  record('ami-ceiling', result, line);
  if (cutOff > 0) process.exitCode = 1;
}

benchParser();
await benchFew();
await benchAll();
