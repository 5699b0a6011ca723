// bench desktop: events to 2,000 connected desktop clients at most once, to one client each and to all of them, beside a bare socket server, a
// server on the library ws, and Mosquitto with QoS 0. Also how long 2,000 simultaneous connects take.
import { startPostgres } from '../../libs/testing/dist/servers/index.js';
import { CLIENTS, gatewaySide, plainSide, users, webSocketSide } from './lib/desktop-sides.mjs';
import { alternate, record, reportRivals } from './lib/frame.mjs';
import { hasMosquitto, Mosquitto } from './lib/mosquitto.mjs';

const UNICASTS = 60_000;
const BROADCASTS = 30;
const ROUNDS = 5;
const GUARANTEES = {
  ours: 'at most once, in order; the bytes that wait for a slow client are bounded; an id for each event',
  plain: 'at most once, in order; the bytes that wait for a slow client are not bounded; no id',
  ws: 'at most once, in order; the bytes that wait for a slow client are not bounded; no id',
  mosquitto: 'at most once, in order; QoS 0; the publisher is a client beside the receivers',
};

const toOurs = users('operator/', UNICASTS);
const toRivals = users('', UNICASTS);
const postgres = await startPostgres();
const sides = [];
try {
  const [ours, plain, ws] = [await gatewaySide(postgres), await plainSide(), await webSocketSide()];
  sides.push(ours, plain, ws);
  const mosquitto = hasMosquitto() ? await Mosquitto.start(CLIENTS, { qos: 0 }) : undefined;
  if (mosquitto) sides.push(mosquitto);
  else console.log('mosquitto is not installed, so it is left out: apt-get install mosquitto');

  const toMosquitto = mosquitto && (() => mosquitto.measure(CLIENTS, UNICASTS));
  const measures = {
    ours: () => ours.measure({ unicast: toOurs, offline: 'drop' }, UNICASTS),
    plain: () => plain.measure({ unicast: toRivals }, UNICASTS),
    others: { ws: () => ws.measure({ unicast: toRivals }, UNICASTS), ...(toMosquitto && { mosquitto: toMosquitto }) },
  };
  for (const warmUp of [measures.ours, measures.plain, ...Object.values(measures.others)]) await warmUp();
  const unicast = await alternate(measures.ours, measures.plain, ROUNDS, measures.others);
  const toAll = (side) => () => side.measure({ broadcast: BROADCASTS }, BROADCASTS * CLIENTS);
  const broadcast = await alternate(toAll(ours), toAll(plain), ROUNDS, { ws: toAll(ws) });
  record(
    'desktop-connect',
    { connections: CLIENTS, ourMs: ours.connectMs, plainMs: plain.connectMs, wsMs: ws.connectMs },
    `${CLIENTS} connects in ${Math.round(ours.connectMs)} ms, plain ${Math.round(plain.connectMs)} ms, ws ${Math.round(ws.connectMs)} ms`,
  );
  reportRivals('desktop-broadcast', broadcast, GUARANTEES, `one message to ${CLIENTS} clients`);
  reportRivals('desktop', unicast, GUARANTEES, `unicast to ${CLIENTS} clients`);
} finally {
  for (const side of sides) await side.stop();
  await postgres.stop();
}
