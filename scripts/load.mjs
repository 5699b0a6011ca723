// npm run load -- mixed | connect | register: the load tests of conversations, beside a plain chat server on the same machine. See test/load/README.md.
import { parseArgs } from 'node:util';
import { prepare } from './lib/prepare.mjs';

const TESTS = ['mixed', 'connect', 'register'];
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const USAGE = `usage: npm run load -- ${TESTS.join(' | ')} [options]
  --for 10m          duration of mixed and register, also days: a number with s, m, h or d
  --people 5000      of connect: number of people who connect
  --workers 32       of mixed and register: people who use the server at the same time
  --scale 5          of mixed and register: the factor by which the office of test/load/lib/profile.mjs grows
  --rate 100         of mixed and register: turns per second; absent: as many as the servers can do
  --registrations 1  of register: organisations that register themselves in a second
  --save             save the ratio in test/load/ratios.json
  --profile FILE     of mixed: save a processor profile of the host`;

function refuse(reason) {
  console.error(`${reason}\n${USAGE}`);
  process.exit(2);
}

function positive(name, text) {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) refuse(`--${name} ${text}: a number above 0 is needed`);
  return value;
}

function duration(text) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? refuse(`--for ${text}: use a number with s, m, h or d`);
  return Number(number) * UNIT_MS[unit];
}

function options() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        for: { type: 'string', default: '10m' },
        people: { type: 'string', default: '5000' },
        workers: { type: 'string', default: '32' },
        scale: { type: 'string', default: '5' },
        rate: { type: 'string' },
        registrations: { type: 'string', default: '1' },
        save: { type: 'boolean', default: false },
        profile: { type: 'string' },
      },
    });
  } catch (error) {
    return refuse(error.message);
  }
}

const { values, positionals } = options();
const [test, ...more] = positionals;
if (!TESTS.includes(test) || more.length > 0) refuse(`${positionals.join(' ') || 'no test'}: name one of ${TESTS.join(', ')}`);
const parsed = {
  durationMs: duration(values.for),
  people: positive('people', values.people),
  workers: positive('workers', values.workers),
  scale: positive('scale', values.scale),
  rate: values.rate === undefined ? undefined : positive('rate', values.rate),
  registrations: positive('registrations', values.registrations),
  save: values.save,
  profile: values.profile,
};

await prepare();
const { run } = await import(`../test/load/${test}.mjs`);
process.exitCode = (await run(parsed)) ? 0 : 1;
