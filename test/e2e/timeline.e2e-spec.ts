import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { SignJWT } from 'jose';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { ask, post, type Ask } from '../support/api.js';
import { screenshot, startBrowser } from '../support/browser.js';
import { startHost, type HostProcess } from '../support/host.js';
import { OPERATOR_SECRET } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-tcp-gateway', '@sluice/plugin-timeline']
settings: { timezone: Europe/Moscow }
connections:
  desktops: { use: tcp-gateway }
  journal: { use: timeline, with: { gateway: desktops } }
  quiet: { use: timeline }
  empty: { use: timeline }
`;

const ALL = 'timeline:read timeline:write desktop events:write';
/** The date of the clock of the pages, a Monday. */
const DAY = '2026-02-02';
const NOW = `${DAY}T11:20:00+03:00`;
const PHONE = { width: 390, height: 760 };
/** Axe looks at each element of four views, which takes long on a machine with other work. */
const AXE_TIMEOUT_MS = 300_000;
const DESKTOP = { width: 1440, height: 900 };

interface Entry {
  readonly id: string;
  readonly version: number;
  readonly start: string;
  readonly end: string;
  readonly client: string;
  readonly status: string;
  readonly resource: { readonly code: string };
}

function sign(sub: string, scope = ALL, extension?: string): Promise<string> {
  return new SignJWT({ scope, ...(extension !== undefined && { extension }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(OPERATOR_SECRET));
}

describe('the page of the booking calendar', () => {
  let browser: Browser;
  let host: HostProcess;
  let token: string;
  const folders: Folder[] = [];
  const contexts: BrowserContext[] = [];
  /** Errors of scripts and violations of the content security policy, of all pages. */
  const problems: string[] = [];

  beforeAll(async () => {
    const flows = readFileSync('flows/samples/timeline.yaml', 'utf8');
    const workspace = makeWorkspace({ 'sluice.yaml': WORKSPACE, 'flows/timeline.yaml': flows });
    const home = makeFolder('home');
    folders.push(workspace, home);
    [browser, host] = await Promise.all([startBrowser(), startHost({ workspace: workspace.path, home: home.path })]);
    token = await sign('admin');
    for (const journal of ['journal', 'quiet']) await api('POST', '/import', { resources: RESOURCES }, { journal });
  }, START_TIMEOUT_MS);

  beforeEach(async () => {
    await clear();
  });

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    expect(problems.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await host?.dispose();
    for (const folder of folders) folder.remove();
  }, START_TIMEOUT_MS);

  const api = async (
    method: string,
    path: string,
    body?: object,
    { journal = 'journal', ...options }: Ask & { journal?: string } = {},
  ) => {
    const url = `${host.url}/api/timeline/${journal}${path}`;
    if (body) return post(url, body, { method, token, ...options });
    return ask(url, { method, token, ...options });
  };
  const entriesOf = async (journal = 'journal') => {
    const range = `from=${DAY}T00:00:00Z&to=${DAY}T23:00:00Z`;
    return ((await api('GET', `/entries?${range}`, undefined, { journal })).body as { entries: Entry[] }).entries;
  };
  const entry = async (id: string) => (await entriesOf()).find((one) => one.id === id);
  const clear = async () => {
    for (const journal of ['journal', 'quiet'])
      for (const { id, version, status } of await entriesOf(journal))
        if (status !== 'cancelled') await api('PATCH', `/entries/${id}`, { version, status: 'cancelled' }, { journal });
  };
  /** Creates an entry over the API, like 1C, and resolves with its id. */
  const book = async (start: string, end: string, more: object = {}, journal = 'journal') => {
    const id = randomUUID();
    const fields = { id, resource: 'ivanova', start: `${DAY}T${start}`, end: `${DAY}T${end}`, client: 'Ольга Смирнова', ...more };
    const answer = await api('POST', '/entries', fields, { journal });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return id;
  };

  /** Books a day with entries of all statuses and lengths. Resolves with their ids. */
  const bookDay = async () => {
    const entries: readonly (readonly [string, string, object])[] = [
      ['09:00', '09:15', { client: 'Дмитрий Константинопольский', status: 'done' }],
      ['09:30', '10:30', { phone: '+7 916 111-22-33', comment: 'Первый визит, взять карту', status: 'arrived' }],
      ['10:30', '12:00', { client: 'Анна Белова', status: 'confirmed' }],
      ['14:00', '14:30', { client: 'Пётр Кузнецов' }],
      ['19:45', '20:15', { client: 'Мария Котова', status: 'noShow' }],
      ['09:15', '09:20', { resource: 'petrov', client: 'Олег' }],
      ['11:00', '12:00', { resource: 'petrov', client: 'Сергей Иванов', status: 'refused' }],
      ...[1, 2, 3, 4].map((n) => ['15:00', '16:00', { resource: 'yoga', client: `Участница Номер ${n}` }] as const),
    ];
    const ids: string[] = [];
    for (const [start, end, more] of entries) ids.push(await book(start, end, more));
    return ids;
  };
  /** Opens a page of a new browser profile. */
  const newPage = async (options: BrowserContextOptions = {}) => {
    const context = await browser.newContext({
      locale: 'ru-RU',
      timezoneId: 'Asia/Vladivostok',
      viewport: { width: 1280, height: 720 },
      ...options,
    });
    contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) problems.push(message.text());
    });
    return page;
  };
  /** Opens the page for a user with a token in the link. */
  const open = async (
    sub: string,
    options: { scope?: string; extension?: string; journal?: string; phone?: boolean; browser?: BrowserContextOptions } = {},
  ) => {
    const page = await newPage({ ...(options.phone && { viewport: PHONE }), ...options.browser });
    await page.clock.install({ time: new Date(NOW) });
    await page.clock.resume();
    const own = await sign(sub, options.scope, options.extension);
    await page.goto(`${host.url}/timeline?journal=${options.journal ?? 'journal'}#token=${own}`);
    await page.waitForSelector('body[data-ready]');
    if (options.scope === undefined && options.journal === undefined) await page.waitForSelector('body[data-live=stomp]');
    return page;
  };
  const item = (page: Page, id: string) => page.locator(`[data-entry="${id}"]`);
  /** Returns the id of the focused entry. */
  const focused = (page: Page) => page.evaluate('document.activeElement.dataset.entry');
  const boxOf = async (shown: Locator) => {
    const box = await shown.boundingBox();
    if (!box) throw new Error('the element is not visible');
    return box;
  };
  /** Drags an entry from its middle, or from its lower edge. */
  const drag = async (page: Page, id: string, by: { x?: number; y?: number }, from: 'middle' | 'edge' = 'middle') => {
    const box = await boxOf(item(page, id));
    const [x, y] = [box.x + box.width / 2, from === 'middle' ? box.y + box.height / 2 : box.y + box.height - 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + (by.x ?? 0), y + (by.y ?? 0), { steps: 12 });
    await page.mouse.up();
  };
  /** Returns the height of an hour in pixels; entries of the tests last half an hour, and a card leaves one pixel free. */
  const hourOf = async (page: Page, id: string) => ((await boxOf(item(page, id))).height + 1) * 2;
  /** Returns the head of a column. */
  const head = (page: Page, name: string) => page.locator('.day-head', { hasText: name });
  const isOnScreen = async (shown: Locator) => {
    const [box, size] = [await boxOf(shown), shown.page().viewportSize()];
    return box.y < (size?.height ?? 0) && box.x < (size?.width ?? 0) && box.x + box.width > 0 && box.y + box.height > 0;
  };
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const date = (page: Page, title: string) => button(page, `Дата: ${title}`);

  it('creates an entry by a click on a free time and shows it to other users', async () => {
    const known = await book('10:00', '10:30');
    const [anna, boris] = await Promise.all([open('anna'), open('boris')]);
    const box = await boxOf(item(anna, known));
    await anna.mouse.click(box.x + 20, box.y + (await hourOf(anna, known)) * 2.1);
    await anna.getByLabel('Клиент', { exact: true }).fill('Пётр Кузнецов');
    await anna.getByLabel('Телефон', { exact: true }).fill('+7 916 111-22-33');
    await screenshot(anna, 'card');
    await button(anna, 'Сохранить').click();
    await boris.getByText('Пётр Кузнецов').waitFor();
    const made = (await entriesOf()).find(({ client }) => client === 'Пётр Кузнецов');
    expect(made).toMatchObject({ resource: { code: 'ivanova' }, start: `${DAY}T12:00:00+03:00`, end: `${DAY}T12:30:00+03:00` });
  });

  it('moves a dragged entry to another time and person, and undoes the move', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('anna');
    const [here, next] = [await boxOf(head(page, 'Иванова А. П.')), await boxOf(head(page, 'Петров С. И.'))];
    await drag(page, id, { x: next.x - here.x, y: await hourOf(page, id) });
    const moved = await until('the entry to be moved', async () => {
      const now = await entry(id);
      return now?.version === 2 ? now : undefined;
    });
    expect(moved).toMatchObject({ start: `${DAY}T11:00:00+03:00`, resource: { code: 'petrov' } });
    await button(page, 'Вернуть').click();
    await until('the entry to be back', async () => (await entry(id))?.version === 3);
    expect(await entry(id)).toMatchObject({ start: `${DAY}T10:00:00+03:00`, resource: { code: 'ivanova' } });
  });

  it('changes the length of an entry by its edge', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('anna');
    await drag(page, id, { y: await hourOf(page, id) }, 'edge');
    await until('the longer entry', async () => (await entry(id))?.version === 2);
    expect(await entry(id)).toMatchObject({ start: `${DAY}T10:00:00+03:00`, end: `${DAY}T11:30:00+03:00` });
  });

  it('leaves an entry at its place when Escape cancels the drag', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('anna');
    const box = await boxOf(item(page, id));
    await page.mouse.move(box.x + 20, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + 20, box.y + 200, { steps: 5 });
    await page.locator('.ghost').waitFor();
    await page.keyboard.press('Escape');
    await page.mouse.up();
    await page.locator('.ghost').waitFor({ state: 'detached' });
    expect(await entry(id)).toMatchObject({ version: 1 });
  });

  it('moves an entry back that was dragged onto another one, and names that one', async () => {
    const id = await book('10:00', '10:30');
    await book('11:00', '11:30', { client: 'Анна Белова' });
    const page = await open('anna');
    const before = await boxOf(item(page, id));
    await drag(page, id, { y: await hourOf(page, id) });
    await page.getByText('Это время занято: Иванова А. П., 11:00–11:30, Анна Белова').waitFor();
    await screenshot(page, 'conflict');
    expect((await boxOf(item(page, id))).y).toBeCloseTo(before.y);
    expect(await entry(id)).toMatchObject({ version: 1, start: `${DAY}T10:00:00+03:00` });
  });

  it('accepts the first of two concurrent moves and names its user to the other user', async () => {
    const id = await book('10:00', '10:30');
    const anna = await open('anna');
    // delay the changes of the second user
    await anna.route('**/changes?**', (route) => route.abort());
    await api(
      'PATCH',
      `/entries/${id}`,
      { version: 1, start: `${DAY}T15:00`, end: `${DAY}T15:30` },
      { token: await sign('boris') },
    );
    // wait for the banner, because it shifts the board under the mouse
    await anna.getByText('Нет связи').waitFor();
    await drag(anna, id, { y: await hourOf(anna, id) });
    await anna.getByText('Запись уже изменена, она показана такой, какая она сейчас. Изменил(а): boris').waitFor();
    await anna.locator(`[data-entry="${id}"]`, { hasText: '15:00' }).waitFor();
    expect(await entry(id)).toMatchObject({ version: 2, start: `${DAY}T15:00:00+03:00` });
  });

  it('shows changes of other users without a gateway', async () => {
    const page = await open('anna', { journal: 'quiet' });
    const id = await book('10:00', '10:30', { client: 'Из 1С' }, 'quiet');
    await item(page, id).waitFor();
    expect(await page.locator('body[data-live=stomp]').count()).toBe(0);
  });

  it('reports that the host cannot be reached, and catches up afterwards', async () => {
    const page = await open('anna', { journal: 'quiet' });
    await page.context().setOffline(true);
    await page.getByText('Нет связи').waitFor();
    const id = await book('10:00', '10:30', {}, 'quiet');
    await page.context().setOffline(false);
    await item(page, id).waitFor();
    await page.getByText('Связь восстановлена').waitFor();
    await page.getByText('Нет связи').waitFor({ state: 'detached' });
  });

  it('loads days that were opened offline when the connection returns', async () => {
    // created before the page is opened, because later entries arrive as changes
    const id = await book('10:00', '10:30', { start: '2026-02-05T10:00', end: '2026-02-05T10:30' }, 'quiet');
    const page = await open('anna', { journal: 'quiet' });
    await page.context().setOffline(true);
    await page.getByText('Нет связи').waitFor();
    for (let day = 0; day < 3; day++) await button(page, 'Следующий день').click();
    await date(page, 'Чт, 5 февраля').waitFor();
    await page.context().setOffline(false);
    // must not wait for the end of the long poll, which takes 25 seconds
    await item(page, id).waitFor({ timeout: 15_000 });
  });

  it('lets the slower of two users save again over the changes of the other', async () => {
    const id = await book('10:00', '10:30');
    const anna = await open('anna');
    await item(anna, id).click();
    await anna.getByLabel('Комментарий', { exact: true }).fill('позвонить');
    await api('PATCH', `/entries/${id}`, { version: 1, client: 'Олег' }, { token: await sign('boris') });
    await button(anna, 'Сохранить').click();
    await anna.getByRole('alert').filter({ hasText: 'Изменил(а): boris' }).waitFor();
    expect(await anna.getByLabel('Клиент', { exact: true }).inputValue()).toBe('Олег');
    await button(anna, 'Сохранить').click();
    await anna.getByRole('dialog').waitFor({ state: 'detached' });
    const answer = await api('GET', `/entries?from=${DAY}T00:00:00Z&to=${DAY}T23:00:00Z`);
    const { entries } = answer.body as { entries: object[] };
    expect(entries).toContainEqual(expect.objectContaining({ id, version: 3, client: 'Олег', comment: 'позвонить' }));
  });

  it('shows a call to the user of the extension and books the caller', async () => {
    const [anna, boris] = await Promise.all([open('anna', { extension: '101' }), open('boris', { extension: '102' })]);
    await post(`${host.url}/events/pbx.ringing`, { extension: '101', phone: '+79161112233', client: 'Мария Котова' }, { token });
    await anna.getByText('Входящий звонок').waitFor();
    await screenshot(anna, 'call');
    await button(anna, 'Записать').click();
    await button(anna, 'Сохранить').click();
    await until(
      'the entry',
      async () => (await entriesOf()).some(({ client }) => client === 'Мария Котова') || (await anyDay('Мария Котова')),
    );
    expect(await boris.getByText('Входящий звонок').count()).toBe(0);
  });

  const anyDay = async (client: string) => {
    const answer = await api('GET', '/entries?from=2025-01-01T00:00:00Z&to=2030-01-01T00:00:00Z');
    return (answer.body as { entries: Entry[] }).entries.some((one) => one.client === client);
  };

  it('does not run a script in the name of a client', async () => {
    const name = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const id = await book('10:00', '10:30', { client: name, comment: name });
    const page = await open('anna');
    expect(await item(page, id).locator('b').textContent()).toBe(name);
    await item(page, id).click();
    await page.getByLabel('Клиент', { exact: true }).waitFor();
    expect(await page.title()).toBe('Журнал записи');
  });

  it('can be used by keyboard alone', async () => {
    const id = await book('10:00', '10:30');
    const beside = await book('10:30', '11:00', { resource: 'petrov' });
    const page = await open('anna');
    await item(page, id).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Статус', { exact: true }).selectOption({ label: 'Клиент пришёл' });
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Сохранить' }).press('Enter');
    await until('the status', async () => (await entry(id))?.version === 2);
    await page.getByRole('button', { name: 'Сохранить' }).waitFor({ state: 'hidden' });
    await until('the focus to be back', async () => (await focused(page)) === id);
    await item(page, beside).waitFor();
    await page.keyboard.press('ArrowRight');
    await until('the focus beside', async () => (await focused(page)) === beside);
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: 'Новая запись' }).waitFor();
  });

  it('searches entries', async () => {
    const olga = await book('10:00', '10:30');
    const anna = await book('11:00', '11:30', { client: 'Анна Белова', phone: '79161112233' });
    const page = await open('anna');
    await page.getByRole('searchbox').fill('белова 1122');
    await item(page, olga).waitFor({ state: 'detached' });
    expect(await item(page, anna).count()).toBe(1);
    await page.getByText('Найдено: 1').waitFor();
    await page.getByRole('searchbox').fill('никто');
    await page.getByText('Не найдено').waitFor();
  });

  it('shows entries read-only to a user without the right to write', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('reader', { scope: 'timeline:read' });
    await page.getByText('Только просмотр').waitFor();
    expect(await button(page, 'Новая запись').count()).toBe(0);
    await drag(page, id, { y: 60 });
    expect(await entry(id)).toMatchObject({ version: 1 });
    const reader = await sign('reader', 'timeline:read');
    expect(await api('PATCH', `/entries/${id}`, { version: 1, comment: 'x' }, { token: reader })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' },
    });
    expect(await api('GET', '', undefined, { token: await sign('nobody', 'desktop') })).toMatchObject({ status: 403 });
  });

  it('reports the missing right to a user who may not read', async () => {
    const page = await newPage();
    await page.goto(`${host.url}/timeline#token=${await sign('nobody', 'desktop')}`);
    await page.getByText('У этого токена нет права смотреть журнал').waitFor();
    await button(page, 'Войти с другим токеном').click();
    await page.getByLabel('Токен').fill(await sign('anna'));
    await button(page, 'Войти').click();
    await page.waitForSelector('body[data-ready]');
    expect(await page.getByText('У этого токена нет права смотреть журнал').isVisible()).toBe(false);
  });

  it.each([
    ['PATCH', '/entries/nonsense', { version: 1 }],
    ['GET', `/entries?from=${DAY}T10:00:00Z&to=${DAY}T09:00:00Z`, undefined],
    ['GET', '/changes?after=5:1:', undefined],
    ['PUT', '/resources/a%00b', { name: 'A' }],
    ['PUT', '/resources/ab', { name: 'A\u0000' }],
  ])('answers 400 to %s %s with invalid data', async (method, path, body) => {
    expect(await api(method, path, body)).toMatchObject({ status: 400 });
  });

  it('does not accept a cookie as a token', async () => {
    const headers = { cookie: `token=${token}; authorization=Bearer ${token}` };
    expect(await api('GET', '', undefined, { token: null, headers })).toMatchObject({ status: 401 });
    expect(await api('POST', '/entries', { resource: 'ivanova' }, { token: null, headers })).toMatchObject({ status: 401 });
  });

  it('serves the page with a strict policy, an etag and files that browsers keep', async () => {
    const index = await fetch(`${host.url}/timeline`);
    const policy = index.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(index.headers.get('cache-control')).toBe('no-cache');
    const again = await fetch(`${host.url}/timeline`, { headers: { 'if-none-match': index.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
    const [, script = ''] = /src="([^"]+\.js)"/.exec(await index.text()) ?? [];
    const asset = await fetch(host.url + script);
    expect([asset.status, asset.headers.get('content-encoding'), asset.headers.get('cache-control')]).toEqual([
      200,
      'gzip',
      'public, max-age=31536000, immutable',
    ]);
    expect((await fetch(`${host.url}/timeline/..%2F..%2Fpackage.json`)).status).toBe(404);
  });

  it('requests a token when it has none or when the token is rejected', async () => {
    const page = await newPage({ locale: 'en-GB' });
    await page.goto(`${host.url}/timeline`);
    await page.getByLabel('Token').fill('nonsense');
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.getByText('This token is not valid, or has expired').waitFor();
    await page.getByLabel('Token').fill(await sign('anna'));
    await page.getByRole('button', { name: 'Enter' }).click();
    await page.waitForSelector('body[data-ready]');
    expect(await page.title()).toBe('Booking calendar');
  });

  it('explains how to start with an empty booking calendar until it has resources', async () => {
    const page = await open('anna', { journal: 'empty' });
    const note = page.getByText('В журнале пока никого нет');
    await note.waitFor();
    await page.getByText('загружает из 1С администратор').waitFor();
    await screenshot(page, 'empty');
    await api('POST', '/import', { resources: RESOURCES }, { journal: 'empty' });
    await page.getByText('Иванова А. П.', { exact: true }).waitFor();
    expect(await note.isVisible()).toBe(false);
  });

  it('offers no new entry while the calendar is empty, and links no API', async () => {
    const page = await newPage();
    await page.route('**/api/timeline/quiet', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ json: { ...((await answer.json()) as object), resources: [] } });
    });
    await page.goto(`${host.url}/timeline?journal=quiet#token=${await sign('anna')}`);
    await page.getByText('В журнале пока никого нет').waitFor();
    expect(await button(page, 'Новая запись').count()).toBe(0);
    expect(await page.locator('a[href*=api]').count()).toBe(0);
    await page.keyboard.press('n');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('fits a phone and begins at the current hours', async () => {
    const soon = await book('11:30', '12:00');
    const late = await book('19:00', '19:30');
    const page = await open('anna', { phone: true });
    await page.setViewportSize({ ...PHONE, height: 420 });
    await item(page, soon).waitFor();
    expect([await isOnScreen(item(page, soon)), await isOnScreen(item(page, late))]).toEqual([true, false]);
    await screenshot(page, 'phone');
    const header = await boxOf(page.locator('header'));
    expect(header.height).toBeLessThan(60);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(390);
  });

  it('shows a legend of the statuses, and fills the window with few columns', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('anna');
    expect(await page.locator('.legend .status-mark').allTextContents()).toContain('Не пришёл');
    const last = await boxOf(head(page, 'Йога (группа)'));
    expect(last.x + last.width).toBeGreaterThan(1_250);
    const low = await hourOf(page, id);
    await page.setViewportSize({ width: 1280, height: 1_400 });
    await until('higher hours', async () => (await hourOf(page, id)) > low * 1.5);
  });

  it('shows the whole of an entry that ends after the working hours', async () => {
    const late = await book('19:45', '20:15');
    const page = await open('anna');
    await item(page, late).scrollIntoViewIfNeeded();
    const hour = ((await boxOf(item(page, late))).height + 1) * 2;
    expect(hour).toBeGreaterThanOrEqual(60);
    expect(await item(page, late).getAttribute('aria-label')).toContain('19:45–20:15');
  });

  it('returns from the week to the day from which the week was opened', async () => {
    const page = await open('anna');
    for (let day = 0; day < 7; day++) await button(page, 'Следующий день').click();
    await date(page, 'Пн, 9 февраля').waitFor();
    await page.getByRole('radio', { name: 'Неделя' }).click();
    await date(page, '9–15 февр.').waitFor();
    await page.getByRole('radio', { name: 'День' }).click();
    await date(page, 'Пн, 9 февраля').waitFor();
  });

  it('shows cards with names in the week, and moves one to another day', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('anna');
    await page.getByRole('radio', { name: 'Неделя' }).click();
    await item(page, id).getByText('Ольга Смирнова').waitFor();
    const target = await boxOf(page.locator('[data-day="2026-02-04"][data-resource="petrov"]'));
    const box = await boxOf(item(page, id));
    await drag(page, id, {
      x: target.x + target.width / 2 - box.x - box.width / 2,
      y: target.y + target.height / 2 - box.y - box.height / 2,
    });
    const moved = await until('the entry to be moved', async () => {
      const answer = await api('GET', '/entries?from=2026-02-04T00:00:00Z&to=2026-02-04T23:00:00Z');
      return (answer.body as { entries: Entry[] }).entries.find((one) => one.id === id);
    });
    expect(moved).toMatchObject({ start: '2026-02-04T10:00:00+03:00', resource: { code: 'petrov' } });
    await api('PATCH', `/entries/${id}`, { version: moved.version, status: 'cancelled' });
  });

  it('shows a list of entries as the week of a phone', async () => {
    await book('10:00', '10:30');
    const page = await open('anna', { phone: true });
    await button(page, 'Настройки').click();
    await page.getByRole('menuitemradio', { name: 'Неделя' }).click();
    await page.getByRole('heading', { name: 'Понедельник, 2 февраля' }).waitFor();
    await page.getByRole('button', { name: /Ольга Смирнова/ }).waitFor();
    await screenshot(page, 'phone-week');
  });

  it('proposes the next free time for a new entry', async () => {
    await book('11:30', '13:00');
    await book('11:30', '12:00', { resource: 'petrov' });
    await book('11:30', '13:00', { resource: 'yoga' });
    const page = await open('anna');
    await button(page, 'Новая запись').click();
    // a group is free although somebody is booked
    expect(await page.getByLabel('Начало').inputValue()).toBe('11:30');
    await page.getByLabel('Клиент', { exact: true }).fill('Анна');
    await page.getByLabel('К кому').selectOption({ label: 'Петров С. И.' });
    await button(page, 'Сохранить').click();
    await page.getByRole('alert').filter({ hasText: 'Это время занято' }).waitFor();
    await page.getByLabel('Начало').fill('9');
    await page.getByLabel('Начало').press('Tab');
    expect([await page.getByLabel('Начало').inputValue(), await page.getByLabel('Окончание').inputValue()]).toEqual([
      '09:00',
      '09:30',
    ]);
    // the reason of the last attempt does not apply to the new time
    expect(await page.getByRole('alert').count()).toBe(0);
    await button(page, 'Сохранить').click();
    await page.getByText('Запись создана').waitFor();
  });

  it('reports a cancelled entry as cancelled, and undoes it', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('anna');
    await item(page, id).click();
    await button(page, 'Отменить запись').click();
    await page.getByText('Запись отменена').waitFor();
    await item(page, id).waitFor({ state: 'detached' });
    await button(page, 'Вернуть').click();
    await item(page, id).waitFor();
  });

  it('is dark when the device prefers it, and as the user has chosen', async () => {
    const page = await open('anna');
    const background = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    expect(await background()).toBe('rgb(244, 245, 243)');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).toBe('rgb(18, 23, 26)');
    await button(page, 'Настройки').click();
    await page.getByRole('menuitemradio', { name: 'Светлое' }).click();
    expect(await background()).toBe('rgb(244, 245, 243)');
    await page.reload();
    await page.waitForSelector('body[data-ready]');
    expect(await background()).toBe('rgb(244, 245, 243)');
  });

  it('is in English after the user has chosen it, with the errors of the host in words', async () => {
    const page = await open('anna');
    await button(page, 'Настройки').click();
    await page.getByRole('menuitemradio', { name: 'English' }).click();
    await button(page, 'New entry').waitFor();
    expect(await page.title()).toBe('Booking calendar');
  });

  it.each([
    { locale: 'ru-RU', colorScheme: 'light', viewport: DESKTOP },
    { locale: 'en-GB', colorScheme: 'dark', viewport: DESKTOP },
    { locale: 'en-GB', colorScheme: 'light', viewport: PHONE },
    { locale: 'ru-RU', colorScheme: 'dark', viewport: PHONE },
  ] as const)(
    'has no serious problems of accessibility: $locale, $colorScheme, $viewport.width px',
    async (profile) => {
      const name = `${profile.locale.slice(0, 2)}-${profile.colorScheme}-${profile.viewport.width}`;
      const ids = await bookDay();
      const page = await open('anna', { browser: profile });
      await item(page, ids[0] ?? '').waitFor();
      const check = async (view: string) => {
        await screenshot(page, `${name}-${view}`);
        const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect(serious.map(({ id, nodes }) => `${view}: ${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(profile.viewport.width);
      };
      await check('day');
      await item(page, ids[0] ?? '').click();
      await page.getByRole('dialog').waitFor();
      await check('entry');
      await page.keyboard.press('Escape');
      await page.keyboard.press('w');
      await page.locator('.week, .agenda').waitFor();
      await check('week');
      await page.locator('button[aria-haspopup=menu]').last().click();
      await page.getByRole('menu').waitFor();
      await check('menu');
    },
    AXE_TIMEOUT_MS,
  );

  // this test is the last one, because cancelling its entries takes long
  it('shows a thousand entries in forty columns that can be reached and moved', async () => {
    const { resources, entries } = busyDay();
    const answer = await api('POST', '/import', { resources, entries }, { journal: 'quiet' });
    expect(answer.body).toMatchObject({ taken: 1_040, refused: [] });
    const page = await open('anna', { journal: 'quiet' });
    const first = entries.find(({ resource, start }) => resource === 'r00' && start === `${DAY}T09:00`);
    await item(page, first?.id ?? '').waitFor();
    await screenshot(page, 'thousand');
    // columns outside of the visible area are not rendered
    expect(await page.locator('[data-entry]').count()).toBeLessThan(600);

    // arrow keys scroll to hidden columns, and the columns stay below their names
    const at10 = (row: string) => entries.find(({ resource, start }) => resource === row && start === `${DAY}T10:00`)?.id ?? '';
    await item(page, at10('r05')).focus();
    for (const column of ['r06', 'r07', 'r08']) {
      await page.keyboard.press('ArrowRight');
      await until(`the focus in ${column}`, async () => (await focused(page)) === at10(column));
    }
    const [name, below] = [await boxOf(head(page, 'Кабинет 9')), await boxOf(item(page, at10('r08')))];
    expect(Math.abs(name.x - below.x)).toBeLessThan(12);
    expect(await isOnScreen(item(page, at10('r08')))).toBe(true);

    const last = entries.find(({ resource, start }) => resource === 'r39' && start === `${DAY}T10:00`);
    const id = last?.id ?? '';
    await page.mouse.move(700, 400);
    await until('the last column', async () => {
      await page.mouse.wheel(500, 0);
      return (await item(page, id).count()) > 0;
    });
    await item(page, id).click();
    await button(page, 'Отменить запись').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const neighbour = entries.find(({ resource, start }) => resource === 'r39' && start === `${DAY}T09:30`)?.id ?? '';
    await drag(page, neighbour, { y: (await hourOf(page, neighbour)) / 2 });
    const moved = await until('the entry to be moved', async () => {
      const now = (await entriesOf('quiet')).find((one) => one.id === neighbour);
      return now?.version === 2 ? now : undefined;
    });
    expect(moved).toMatchObject({ start: `${DAY}T10:00:00+03:00`, resource: { code: 'r39' } });
  });
});

/** Returns a thousand entries of half an hour, 25 for each of 40 resources. */
function busyDay() {
  const resources = Array.from({ length: 40 }, (_, row) => ({
    code: `r${String(row).padStart(2, '0')}`,
    name: `Кабинет ${row + 1}`,
    position: 10 + row,
    hours: HOURS,
  }));
  const clock = (halfHour: number) => `${String(Math.floor(halfHour / 2)).padStart(2, '0')}:${halfHour % 2 === 0 ? '00' : '30'}`;
  const entries = resources.flatMap(({ code }) =>
    Array.from({ length: 25 }, (_, index) => ({
      id: randomUUID(),
      resource: code,
      start: `${DAY}T${clock(16 + index)}`,
      end: `${DAY}T${clock(17 + index)}`,
      client: `Клиент ${index}`,
    })),
  );
  return { resources, entries };
}

const HOURS = [1, 2, 3, 4, 5].flatMap((weekday) => [
  { weekday, opens: '09:00', closes: '13:00' },
  { weekday, opens: '14:00', closes: '20:00' },
]);
const RESOURCES = [
  { code: 'ivanova', name: 'Иванова А. П.', position: 1, hours: HOURS },
  { code: 'petrov', name: 'Петров С. И.', position: 2, hours: HOURS },
  { code: 'yoga', name: 'Йога (группа)', position: 3, shared: true, hours: HOURS },
];
