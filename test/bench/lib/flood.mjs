// A telephone exchange as a separate process. It floods its clients, and cuts off a client that is slower than 100 ms, as Asterisk does.
import { setTimeout as pause } from 'node:timers/promises';
import { startPbx } from '../../../apps/emulator/dist/index.js';

const TICK_MS = 5;

// without filters every event is sent, and the client has to find the events of its flows
const pbx = await startPbx({ port: 0, secret: process.argv[2], denied: ['Filter'] });
process.on('message', (order) => void answer(order).then((result) => process.send(result)));
process.on('disconnect', () => process.exit());
process.send({ port: pbx.port });

/** @param {'stats' | { perSecond: number, seconds: number, share: number }} order `share`: of events Hangup, the rest are Newstate */
async function answer(order) {
  if (order !== 'stats') await flood(order);
  return pbx.stats();
}

async function flood({ perSecond, seconds, share }) {
  const every = share > 0 ? Math.round(1 / share) : Infinity;
  const total = perSecond * seconds;
  const from = performance.now();
  for (let number = 0; number < total;) {
    const due = Math.min(total, Math.round(((performance.now() - from) * perSecond) / 1000));
    const packets = [];
    for (; number < due; number++) packets.push(packet(number % every === 0 ? 'Hangup' : 'Newstate', number));
    if (packets.length > 0) pbx.sendRaw(Buffer.from(packets.join('')));
    await pause(TICK_MS);
  }
}

/** Returns a packet of the length of a real exchange's packets. */
function packet(event, number) {
  return (
    `Event: ${event}\r\nPrivilege: call,all\r\nChannel: PJSIP/trunk-${number.toString(16).padStart(8, '0')}\r\nChannelState: 6\r\n` +
    'ChannelStateDesc: Up\r\nCallerIDNum: 79161234567\r\nCallerIDName: Иванов Пётр\r\nConnectedLineNum: 101\r\n' +
    'ConnectedLineName: Сидорова Анна\r\nLanguage: ru\r\nAccountCode: \r\nContext: from-trunk\r\nExten: 74950000000\r\nPriority: 4\r\n' +
    `Uniqueid: 1795351835.${number}\r\nLinkedid: 1795351835.${number}\r\nNumber: ${number}\r\nCause: 16\r\nCause-txt: Normal Clearing\r\n\r\n`
  );
}
