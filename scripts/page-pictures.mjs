// npm run page-pictures: writes the pictures of the page of conversations in docs/images. It starts a host with its embedded database, posts a
// conversation over the API, and photographs the page in Chromium. Look at the pictures before they are committed.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, chmodSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { chromium } from 'playwright-core';
import { prepare } from './lib/prepare.mjs';
import { ROOT } from './lib/run.mjs';

const CHROMIUM = '/usr/bin/chromium';
const SECRET = 'the pictures are signed with this secret';
const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-tcp-gateway', '@sluice/plugin-conversations']
settings: { timezone: Europe/Moscow }
connections:
  desktops: { use: tcp-gateway }
  talk: { use: conversations, with: { gateway: desktops } }
`;

await prepare();
const folder = mkdtempSync(join(tmpdir(), 'sluice-pictures-'));
chmodSync(folder, 0o755);
writeFileSync(join(folder, 'sluice.yaml'), WORKSPACE);
const host = await startHost();
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
try {
  await takePictures(await fill());
} finally {
  await browser.close();
  host.child.kill('SIGTERM');
  await new Promise((resolve) => host.child.once('exit', resolve));
  rmSync(folder, { recursive: true, force: true });
}

function startHost() {
  const env = {
    ...process.env,
    SLUICE_HOME: join(folder, 'home'),
    SLUICE_HTTP_HOST: '127.0.0.1',
    SLUICE_HTTP_PORT: '0',
    SLUICE_STOMP_PORT: '0',
    SLUICE_TOKEN_SECRET: SECRET,
  };
  const child = spawn(process.execPath, ['apps/cli/bin/sluice.js', 'run', '--workspace', folder], {
    cwd: fileURLToPath(ROOT),
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }) => resolve({ child, url: `http://127.0.0.1:${port}` }));
    child.once('exit', (code) => reject(new Error(`the host ended with ${code}`)));
  });
}

function sign(sub, scope = 'conversations desktop') {
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(Buffer.from(SECRET));
}

async function call(token, method, path, body, type = 'application/json') {
  const response = await fetch(`${host.url}/api/conversations/talk${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': type }) },
    ...(body && { body: type === 'application/json' ? JSON.stringify(body) : body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Posts the conversations. Resolves with the token of the reader and the ids of two discussions. */
async function fill() {
  const names = {
    anna: 'Анна Белова',
    petr: 'Пётр Кузнецов',
    maria: 'Мария Котова',
    elena: 'Елена Орлова',
    dmitry: 'Дмитрий Волков',
    bot: 'Телефония',
  };
  const people = {};
  const all = Object.entries(names).map(([sub, name]) => ({ sub, name, isBot: sub === 'bot' }));
  await call(await sign('server', 'conversations:server'), 'POST', '/people/import', { people: all });
  for (const [sub, name] of Object.entries(names)) {
    const token = await sign(sub);
    people[sub] = { token, name, id: (await call(token, 'GET', '/me')).person.id };
  }
  const open = async (owner, body) => (await call(people[owner].token, 'POST', '/discussions', body)).discussion.id;
  const ids = (...subs) => subs.map((sub) => people[sub].id);
  const post = async (sub, discussion, text, { bold, mention, ...more } = {}) => {
    const span = (part, kind, extra = {}) => ({ kind, from: text.indexOf(part), to: text.indexOf(part) + part.length, ...extra });
    const spans = [
      ...(bold ? [span(bold, 'bold')] : []),
      ...(mention ? [span(`@${names[mention]}`, 'mention', { person: people[mention].id })] : []),
    ];
    const { message } = await call(people[sub].token, 'POST', `/discussions/${discussion}/messages`, {
      clientId: randomUUID(),
      text,
      spans,
      ...more,
    });
    return message.seq;
  };
  const read = (sub, discussion, seq) => call(people[sub].token, 'POST', '/read', { marks: [{ discussion, seq }] });
  const direct = async (one, other, ...lines) => {
    const id = await open(one, { kind: 'direct', members: ids(other) });
    for (const [sub, text] of lines) await post(sub, id, text);
    if (lines.length > 1) await read(one, id, 2).then(() => read(other, id, 2));
    return id;
  };

  const holiday = await open('elena', {
    kind: 'group',
    title: 'Новый год 2027 🎄',
    members: ids('anna', 'petr', 'maria', 'dmitry'),
  });
  const place = await post('elena', holiday, 'Голосуем за место: ресторан или база?');
  const closing = await open('maria', { kind: 'group', title: 'Закрытие ноября', members: ids('anna', 'elena', 'dmitry') });
  const reports = await post('maria', closing, 'Остались авансовые отчёты: Волков, Соколов');
  await direct('dmitry', 'anna', ['dmitry', 'Акт сверки отправил'], ['anna', 'Получила, спасибо! Подпишу до конца дня.']);
  const receipt = await open('petr', {
    kind: 'contextual',
    key: 'receipt-1107',
    title: 'Поступление товаров ЦБ-001107',
    members: ids('anna'),
  });
  await post('petr', receipt, 'Недостача 2 коробки, акт приложил');
  const shipping = await open('anna', { kind: 'group', title: 'Отгрузки', members: ids('petr', 'maria', 'dmitry') });
  await post('petr', shipping, 'Паллеты на третьих воротах, можно грузить');

  await read('anna', holiday, place);
  await read('anna', closing, reports);

  const order = await open('elena', {
    kind: 'contextual',
    key: 'order-482',
    title: 'Заказ покупателя ЦБ-000482',
    context: 'e1cib/data/Документ.ЗаказПокупателя?ref=8a1d',
    members: ids('anna', 'petr', 'maria', 'bot'),
  });
  await post('elena', order, 'Добрый день! Завела заказ, резерв поставила до понедельника.');
  await post('bot', order, 'Входящий звонок\n+7 916 111-22-33, ООО «Ромашка»', {
    bold: 'Входящий звонок',
    buttons: [
      [
        { id: 'task', text: 'Создать задачу', action: 'task' },
        { id: 'call', text: 'Перезвонить', action: 'call' },
      ],
    ],
  });
  const bill = await post('maria', order, 'Счёт № 482: проверьте сумму, в договоре было 118 400 ₽, а в счёте 118 840 ₽.', {
    bold: '118 840 ₽',
  });
  const contract = await call(
    people.anna.token,
    'POST',
    `/attachments?name=${encodeURIComponent('Договор поставки 118-П.pdf')}`,
    Buffer.alloc(482_133, '%PDF-1.4 '),
    'application/pdf',
  );
  await post('anna', order, 'Опечатка, исправила и перевыставила. Договор во вложении.', {
    replyTo: bill,
    attachments: [contract.id],
  });
  const fine = await post('maria', order, 'Отлично, всё сходится 👌');
  for (const sub of ['petr', 'maria', 'elena']) await read(sub, order, fine);
  await read('anna', order, fine);
  for (const [sub, emoji] of [
    ['petr', '👍'],
    ['elena', '👍'],
    ['anna', '🎉'],
  ])
    // prettier-ignore
    await call(people[sub].token, 'PUT', `/discussions/${order}/messages/${fine}/reactions/${encodeURIComponent(emoji)}`);
  await post('petr', order, '@Анна Белова, клиент просит привезти завтра до обеда. Успеем?', { mention: 'anna' });
  await post('elena', order, 'Машина на завтра есть, 09:30. Водителя пришлю отдельно.');
  const talk = await direct(
    'petr',
    'anna',
    ['petr', 'Привет! Ты сегодня до шести?'],
    ['anna', 'Да, потом с телефона'],
    ['petr', 'Скинь номер Рашида'],
  );
  return { token: people.anna.token, order, talk };
}

async function takePictures({ token, order, talk }) {
  const shots = [
    { file: 'conversations.png', discussion: order, width: 1280, height: 800, colorScheme: 'light' },
    { file: 'conversations-dark.png', discussion: order, width: 1280, height: 800, colorScheme: 'dark', search: 'счета' },
    { file: 'conversations-phone.png', discussion: talk, width: 390, height: 780, colorScheme: 'light' },
  ];
  for (const { file, discussion, width, height, colorScheme, search } of shots) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme,
      locale: 'ru-RU',
      timezoneId: 'Europe/Moscow',
    });
    const page = await context.newPage();
    await page.goto(`${host.url}/conversations?discussion=${discussion}#token=${token}`);
    await page.locator('article.cv-message').first().waitFor();
    if (search) {
      await page.getByRole('searchbox').fill(search);
      await page.locator('.cv-hit').first().waitFor();
    }
    // pictures and fonts are drawn when the network is silent
    await page.waitForLoadState('networkidle').catch(() => undefined);
    await page.screenshot({ path: fileURLToPath(new URL(`docs/images/${file}`, ROOT)) });
    await context.close();
    console.error(`docs/images/${file} written`);
  }
}
