// stompit, of npm. Arguments: port, token, part ("look" or "late"), number of events. SLUICE_REAL_NPM: where it is installed.
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

const stompit = createRequire(`${process.env.SLUICE_REAL_NPM}/`)('stompit');
const [, , port, token, part, count] = process.argv;
const show = (what) => console.log(JSON.stringify(what));
let left = false;

async function enter() {
  const connectHeaders = { login: '', passcode: token, 'heart-beat': '1000,1000' };
  const client = await promisify(stompit.connect)({ host: '127.0.0.1', port: Number(port), connectHeaders });
  client.on('error', (error) => left || show({ error: error.message }));
  const arrived = [];
  let wake = () => {};
  client.subscribe({ destination: '/user/events', ack: 'client-individual' }, (error, message) => {
    if (error) return;
    message.readString('utf-8', (_, body) => {
      show({ event: body, redelivered: message.headers.redelivered });
      arrived.push(Object.assign(message, { body }));
      wake();
    });
  });
  const take = async () => {
    while (arrived.length === 0) await new Promise((resolve) => (wake = resolve));
    return arrived.shift();
  };
  return { client, take };
}

/** It asks for a receipt and waits for it. */
async function leave() {
  left = true;
  await promisify(client.disconnect.bind(client))();
  show({ receipt: 'bye' });
}

// it ends with an uncaught error when the server refuses it
process.on('uncaughtException', (error) => (show({ error: error.message }), process.exit()));
let { client, take } = await enter();
const messages = [];
while (messages.length < Number(count)) messages.push(await take());
if (part === 'late') {
  const last = messages.pop();
  for (const message of messages) client.ack(message);
  await leave();
  ({ client, take } = await enter());
  client.ack(last);
  // an ACK of the session before may still be on its way: its event comes first then
  for (let message; message?.body !== last.body;) client.ack((message = await take()));
}
await leave();
process.exit();
