// bench soap: processor time of a call over onec-soap, beside a bare POST of the same message over the same kind of pool, without parsing
// the answer. The emulator of 1C is a separate process and is not counted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Pool } from 'undici';
import { plugin } from '../../plugins/onec-soap/dist/index.js';
import { Emulator } from './lib/emulator.mjs';
import { alternate, median, record } from './lib/frame.mjs';
import { inLoops } from './lib/sender.mjs';

const CALLS = 400;
const IN_FLIGHT = 4;
const LINES = 10;
const SERVICE = 'ОбменССайтом';
const PLACE = `/base/ws/${encodeURIComponent(SERVICE)}`;
const TYPE = 'text/xml; charset=utf-8';
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const order = {
  Номер: 'S-1',
  Дата: '2026-02-01T10:00:00',
  Контрагент: { Наименование: 'ООО «Ромашка»', ИНН: '7707083893', Телефон: '74951234567' },
  Товары: Array.from({ length: LINES }, (_, line) => ({ Артикул: `A-${line}`, Количество: 3, Цена: 120.5, Сумма: 361.5 })),
  Итого: 3_615,
};

/** The message that onec-soap writes, as a text. */
const bare = `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://www.sample-package.org/ОбменССайтом"><soap:Body><m:ЗагрузитьЗаказ><m:Заказ>${[
  `<m:Номер>${order.Номер}</m:Номер><m:Дата>${order.Дата}</m:Дата>`,
  `<m:Контрагент><m:Наименование>ООО «Ромашка»</m:Наименование><m:ИНН>7707083893</m:ИНН><m:Телефон>74951234567</m:Телефон></m:Контрагент>`,
  ...order.Товары.map(
    (line) =>
      `<m:Товары>${Object.entries(line)
        .map(([name, value]) => `<m:${name}>${value}</m:${name}>`)
        .join('')}</m:Товары>`,
  ),
  `<m:Итого>${order.Итого}</m:Итого>`,
].join('')}</m:Заказ></m:ЗагрузитьЗаказ></soap:Body></soap:Envelope>`;

/** Measures the processor time of this process for `CALLS` calls. */
async function measured(call) {
  let next = 0;
  const from = performance.now();
  const before = process.cpuUsage();
  await inLoops(
    IN_FLIGHT,
    () => (next < CALLS ? next++ : undefined),
    () => call(),
  );
  const { user, system } = process.cpuUsage(before);
  return { count: CALLS, seconds: (performance.now() - from) / 1000, cpuMicros: (user + system) / CALLS };
}

const onec = await Emulator.start({ maxCalls: 10, latency: '0ms' });
const { origin } = new URL(onec.url);
const cache = mkdtempSync(path.join(tmpdir(), 'sluice-bench-wsdl-'));
const pool = new Pool(origin, { connections: IN_FLIGHT });
const client = await plugin.open(plugin.connection.parse({ baseUrl: `${origin}/base/ws`, wsdl: { cache } }), {
  log: silent,
  now: () => new Date(),
});

let calls = 0;
const signal = new AbortController().signal;

async function ours() {
  const asked = { service: SERVICE, operation: 'ЗагрузитьЗаказ', arguments: { Заказ: order }, json: false };
  const answer = await client.call(asked, { id: `bench/${calls++}`, signal });
  if (answer.Проведен !== true) throw new Error(`ours: ${JSON.stringify(answer)}`);
}

async function plain() {
  const headers = { 'content-type': TYPE, soapaction: '""', 'x-request-id': `bench/${calls++}` };
  const { statusCode, body } = await pool.request({ method: 'POST', path: PLACE, headers, body: bare });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`plain: ${text}`);
}

try {
  await measured(ours); // warm-up
  await measured(plain);
  const result = await alternate(
    () => measured(ours),
    () => measured(plain),
  );
  const middle = (name) => median(result.rounds.map((round) => round[name])) / 1000;
  const [ourMs, plainMs] = [middle('ourCpuMicros'), middle('plainCpuMicros')];
  const overheadMs = ourMs - plainMs;
  const [overhead, our, their] = [overheadMs, ourMs, plainMs].map((ms) => ms.toFixed(2));
  record(
    'soap',
    { ...result, overheadMs },
    `overhead ${overhead} ms of processor time a call (ours ${our} ms, bare POST ${their} ms), an order of ${LINES} lines, a reference back`,
  );
} finally {
  await client.close();
  await pool.close();
  await onec.stop();
  rmSync(cache, { recursive: true, force: true });
}
