// One host with a pacer, as a separate process that a test can kill or freeze. Its parent (fleet.ts) plays the broker over IPC.
// It runs the built packages: npx tsc -b libs/pacer libs/store
import { Agent, request } from 'node:http';
import { BullPacer } from '@sluice/pacer';
import { systemClock } from '@sluice/plugin-api';
import { openStore } from '@sluice/store';

const { hostId, connection, backend, database, url, pace } = JSON.parse(process.argv[2]);
const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const agent = new Agent({ keepAlive: true });
const { leases } = await openStore({ url: database, engine: 'postgresql', log, clock: systemClock });

const held = [];
let consuming = false;
const owner = {
  waiting: () => held.length,
  start: async () => {
    const id = held.shift();
    if (id === undefined) return 'idle';
    const began = performance.now();
    const ms = () => performance.now() - began;
    const status = await post(id).catch(() => 0);
    process.send(status === 200 ? { ack: id } : { handBack: [id] });
    return { result: status === 200 ? 'ok' : status === 503 ? 'overload' : 'unavailable', ms: ms() };
  },
  onLimitChanged: (limit) => process.send({ limit }),
  onOpened: () => {
    consuming = true;
    process.send({ opened: true });
  },
  onClosed: (reason) => {
    consuming = false;
    process.send({ closed: reason, handBack: held.splice(0) });
  },
};

function post(id) {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', agent, headers: { 'x-request-id': id } }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    call.on('error', reject);
    call.end();
  });
}

const stop = new AbortController();
const pacer = new BullPacer({ leases, hostId, backend, log, clock: systemClock });
const own = pacer.own(connection, pace, owner, stop.signal);
process.on('message', ({ push }) => {
  if (!consuming) return void process.send({ handBack: [push] });
  held.push(push);
  own.wake();
});
process.on('SIGTERM', () => stop.abort());
process.on('disconnect', () => process.exit(1));
process.send({ started: true });
await own.ended;
process.send({ ended: true, handBack: held.splice(0) }, () => process.exit(0));
