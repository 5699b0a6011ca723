// bench timeline: how soon the page of the booking calendar is usable on a day with 1,000 entries in 40 rows, and the time of a wheel step.
import { randomUUID } from 'node:crypto';
import { chromium } from 'playwright-core';
import { median, record } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';

const ROUNDS = 5;
const ROWS = 40;
const ENTRIES_OF_A_ROW = 25;
const DAY = '2026-02-02';
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WHEEL = { turns: 20, pixels: 100 };

/** Returns the time of a half-hour from 08:00 on. */
const clock = (index) => `${String(8 + Math.floor(index / 2)).padStart(2, '0')}:${index % 2 === 0 ? '00' : '30'}`;
const resources = Array.from({ length: ROWS }, (_, row) => ({
  code: `r${row}`,
  name: `Room ${row + 1}`,
  position: row,
  hours: [{ weekday: 1, opens: '09:00', closes: '20:00' }],
}));
const entries = resources.flatMap(({ code }) =>
  Array.from({ length: ENTRIES_OF_A_ROW }, (_, index) => ({
    id: randomUUID(),
    resource: code,
    start: `${DAY}T${clock(index)}`,
    end: `${DAY}T${clock(index + 1)}`,
    client: `Client ${index}`,
  })),
);

async function importDay(host, token) {
  const answer = await fetch(`${host.url}/api/timeline/journal/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ resources, entries }),
  });
  const { taken } = await answer.json();
  if (taken !== resources.length + entries.length) throw new Error(`the calendar imported ${taken} resources and entries`);
}

/** Resolves when the browser has drawn the page and is idle. */
const drawn = (page) => page.evaluate(() => new Promise((done) => globalThis.requestAnimationFrame(() => setTimeout(done))));

/** Opens the page in a new browser context, so that nothing is cached. */
async function visit(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.clock.setFixedTime(new Date(`${DAY}T11:20:00+03:00`));
  const opened = performance.now();
  await page.goto(url);
  await page.waitForSelector('body[data-ready]');
  await page.waitForSelector('[data-entry]');
  await drawn(page);
  const interactive = (performance.now() - opened) / 1000;
  await page.mouse.move(700, 400);
  const scrolled = performance.now();
  for (let turn = 0; turn < WHEEL.turns; turn++) {
    await page.mouse.wheel(0, WHEEL.pixels);
    await drawn(page);
  }
  const wheelMs = (performance.now() - scrolled) / WHEEL.turns;
  await context.close();
  return { interactive, wheelMs };
}

const host = new BenchHost('timeline');
let browser;
try {
  await host.start();
  const token = await host.token({ scope: 'timeline:read timeline:write' });
  await importDay(host, token);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await visit(browser, `${host.url}/timeline#token=${token}`));
  const interactive = median(rounds.map((each) => each.interactive));
  const wheelMs = median(rounds.map((each) => each.wheelMs));
  const line = `interactive ${interactive.toFixed(2)} s with ${entries.length} entries, a turn of the wheel drawn in ${Math.round(wheelMs)} ms`;
  record('timeline', { interactive, wheelMs, rounds }, line);
} finally {
  await browser?.close();
  await host.remove();
}
