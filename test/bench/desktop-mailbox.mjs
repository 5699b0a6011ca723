// bench desktop-mailbox: events to 2,000 connected desktop clients through the mailbox, with an ACK for each, beside Mosquitto with QoS 1 and its
// state on the disk, and beside a bare socket server without any guarantee. PostgreSQL waits for the disk at each commit, as in production.
import { startPostgres } from '../../libs/testing/dist/servers/index.js';
import { CLIENTS, gatewaySide, plainSide, users } from './lib/desktop-sides.mjs';
import { alternate, reportRivals } from './lib/frame.mjs';
import { hasMosquitto, Mosquitto } from './lib/mosquitto.mjs';

const EVENTS = 20_000;
const ROUNDS = 5;
const GUARANTEES = {
  ours:
    'at least once, in order of each user; the sender continues after the commit with fsync: an event survives a crash of the host, ' +
    'of PostgreSQL and of the machine',
  plain: 'at most once; an event is lost with its connection',
  mosquitto:
    'at least once while the server runs; persistence true, autosave_interval 1: the server confirms before it writes, and a crash loses ' +
    'up to a second of confirmed events',
};

const postgres = await startPostgres({ fsync: true });
const sides = [];
try {
  const [ours, plain] = [await gatewaySide(postgres, { acknowledges: true }), await plainSide()];
  sides.push(ours, plain);
  const mosquitto = hasMosquitto() ? await Mosquitto.start(CLIENTS, { qos: 1 }) : undefined;
  if (mosquitto) sides.push(mosquitto);
  else console.log('mosquitto is not installed, so it is left out: apt-get install mosquitto');

  const toOurs = () => ours.measure({ unicast: users('operator/', EVENTS) }, EVENTS);
  const toPlain = () => plain.measure({ unicast: users('', EVENTS) }, EVENTS);
  const others = mosquitto ? { mosquitto: () => mosquitto.measure(CLIENTS, EVENTS) } : {};
  for (const warmUp of [toOurs, toPlain, ...Object.values(others)]) await warmUp();
  const result = await alternate(toOurs, toPlain, ROUNDS, others);
  reportRivals('desktop-mailbox', result, GUARANTEES, `unicast, each acknowledged, to ${CLIENTS} clients`);
} finally {
  for (const side of sides) await side.stop();
  await postgres.stop();
}
