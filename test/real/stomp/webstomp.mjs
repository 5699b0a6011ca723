// webstomp-client, of npm, over WebSocket. Arguments: port of HTTP, token, part ("look" or "late"), number of events. SLUICE_REAL_NPM: where it is installed.
import { createRequire } from 'node:module';
import { WebSocket } from 'ws';

const webstomp = createRequire(`${process.env.SLUICE_REAL_NPM}/`)('webstomp-client');
const [, , port, token, part, count] = process.argv;
const show = (what) => console.log(JSON.stringify(what));

async function enter() {
  const client = webstomp.over(new WebSocket(`ws://127.0.0.1:${port}/stomp`, ['v12.stomp']), {
    debug: false,
    heartbeat: { incoming: 1000, outgoing: 1000 },
  });
  await new Promise((resolve) => {
    client.connect({ login: '', passcode: token }, resolve, ({ headers }) => {
      if (headers) show({ error: headers.code });
      process.exit();
    });
  });
  const arrived = [];
  let wake = () => {};
  client.subscribe(
    '/user/events',
    (message) => {
      show({ event: message.body, redelivered: message.headers.redelivered });
      arrived.push(message);
      wake();
    },
    { ack: 'client-individual' },
  );
  const take = async () => {
    while (arrived.length === 0) await new Promise((resolve) => (wake = resolve));
    return arrived.shift();
  };
  const leave = () => new Promise((resolve) => client.disconnect(resolve));
  return { client, take, leave };
}

let { take, leave } = await enter();
const messages = [];
while (messages.length < Number(count)) messages.push(await take());
if (part === 'late') {
  const last = messages.pop();
  for (const message of messages) message.ack();
  await leave();
  const later = await enter();
  ({ take, leave } = later);
  later.client.ack(last.headers.ack, last.headers.subscription);
  // an ACK of the session before may still be on its way: its event comes first then
  for (let message; message?.body !== last.body;) (message = await take()).ack();
}
await leave();
process.exit();
