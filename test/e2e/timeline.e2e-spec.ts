import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SignJWT } from 'jose';
import type { Browser, BrowserContext, Page } from 'playwright-core';
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
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(OPERATOR_SECRET));
}

describe('the page of the booking calendar', () => {
  let browser: Browser;
  let host: HostProcess;
  let token: string;
  const folders: Folder[] = [];
  const contexts: BrowserContext[] = [];

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

  /** Opens the page for a user with a token in the link. */
  const open = async (
    sub: string,
    options: { scope?: string; extension?: string; journal?: string; phone?: boolean; live?: string } = {},
  ) => {
    const context = await browser.newContext({
      locale: 'ru-RU',
      timezoneId: 'Asia/Vladivostok',
      viewport: options.phone ? { width: 390, height: 760 } : { width: 1280, height: 720 },
    });
    contexts.push(context);
    const page = await context.newPage();
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
  /** Returns the screen position of a time in a row, relative to a visible entry. */
  const drag = async (page: Page, id: string, by: { x?: number; y?: number }) => {
    const box = await item(page, id).boundingBox();
    if (!box) throw new Error('the entry is not visible');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + (by.x ?? 0), y + (by.y ?? 0), { steps: 12 });
    await page.mouse.up();
  };
  /** Returns the width of an hour in pixels; entries of the tests last half an hour. */
  const hourOf = async (page: Page, id: string) =>
    ((await item(page, id).locator('xpath=ancestor::*[contains(@class,"vis-range")]').boundingBox())?.width ?? 0) * 2;

  const row = (page: Page, name: string) => page.locator('.vis-label', { hasText: name });

  it('creates an entry by a click on a free time and shows it to other users', async () => {
    const known = await book('10:00', '10:30');
    const [anna, boris] = await Promise.all([open('anna'), open('boris')]);
    const box = await item(anna, known).boundingBox();
    const hour = await hourOf(anna, known);
    await anna.mouse.click((box?.x ?? 0) + hour * 2.02, (box?.y ?? 0) + 10);
    await anna.getByLabel('Клиент', { exact: true }).fill('Пётр Кузнецов');
    await anna.getByLabel('Телефон', { exact: true }).fill('+7 916 111-22-33');
    await screenshot(anna, 'card');
    await anna.getByRole('button', { name: 'Сохранить' }).click();
    await boris.getByText('Пётр Кузнецов').waitFor();
    const made = (await entriesOf()).find(({ client }) => client === 'Пётр Кузнецов');
    expect(made).toMatchObject({ resource: { code: 'ivanova' }, start: `${DAY}T12:00:00+03:00`, end: `${DAY}T12:30:00+03:00` });
  });

  it('moves a dragged entry to another time and person, and undoes the move', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('anna');
    // the second of the twelve mouse moves starts the drag
    const [here, next] = await Promise.all(['Иванова А. П.', 'Петров С. И.'].map((name) => row(page, name).boundingBox()));
    await drag(page, id, { x: ((await hourOf(page, id)) * 12) / 11, y: (next?.y ?? 0) - (here?.y ?? 0) });
    const moved = await until('the entry to be moved', async () => {
      const now = await entry(id);
      return now?.version === 2 ? now : undefined;
    });
    expect(moved).toMatchObject({ start: `${DAY}T11:00:00+03:00`, resource: { code: 'petrov' } });
    await page.getByRole('button', { name: 'Вернуть' }).click();
    await until('the entry to be back', async () => (await entry(id))?.version === 3);
    expect(await entry(id)).toMatchObject({ start: `${DAY}T10:00:00+03:00`, resource: { code: 'ivanova' } });
  });

  it('moves an entry back that was dragged onto another one, and names that one', async () => {
    const id = await book('10:00', '10:30');
    await book('11:00', '11:30', { client: 'Анна Белова' });
    const page = await open('anna');
    const before = await item(page, id).boundingBox();
    await drag(page, id, { x: await hourOf(page, id) });
    await page.getByText('Это время занято: Иванова А. П., 11:00–11:30, Анна Белова').waitFor();
    await screenshot(page, 'conflict');
    const after = await item(page, id).boundingBox();
    expect(Math.round(after?.x ?? 0)).toBe(Math.round(before?.x ?? -1));
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
    await drag(anna, id, { x: await hourOf(anna, id) });
    await anna.getByText('Запись уже изменена, она показана такой, какая она сейчас. Изменил(а): boris').waitFor();
    await anna.locator(`[data-entry="${id}"]`, { hasText: '15:00–15:30' }).waitFor();
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
    await until('the banner to go', async () => !(await page.locator('#offline').isVisible()));
  });

  it('loads days that were opened offline when the connection returns', async () => {
    // created before the page is opened, because later entries arrive as changes
    const id = await book('10:00', '10:30', { start: '2026-02-05T10:00', end: '2026-02-05T10:30' }, 'quiet');
    const page = await open('anna', { journal: 'quiet' });
    await page.context().setOffline(true);
    await page.getByText('Нет связи').waitFor();
    for (let day = 0; day < 3; day++) await page.getByRole('button', { name: 'Позже' }).click();
    await until('the third day', async () => (await page.getByLabel('Дата').inputValue()) === '2026-02-05');
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
    await anna.getByRole('button', { name: 'Сохранить' }).click();
    await anna.getByRole('alert').filter({ hasText: 'Изменил(а): boris' }).waitFor();
    expect(await anna.getByLabel('Клиент', { exact: true }).inputValue()).toBe('Олег');
    await anna.getByRole('button', { name: 'Сохранить' }).click();
    await anna.locator('#card').waitFor({ state: 'hidden' });
    const answer = await api('GET', `/entries?from=${DAY}T00:00:00Z&to=${DAY}T23:00:00Z`);
    const { entries } = answer.body as { entries: object[] };
    expect(entries).toContainEqual(expect.objectContaining({ id, version: 3, client: 'Олег', comment: 'позвонить' }));
  });

  it('shows a call to the user of the extension and books the caller', async () => {
    const [anna, boris] = await Promise.all([open('anna', { extension: '101' }), open('boris', { extension: '102' })]);
    await post(`${host.url}/events/pbx.ringing`, { extension: '101', phone: '+79161112233', client: 'Мария Котова' }, { token });
    await anna.getByText('Входящий звонок').waitFor();
    await screenshot(anna, 'call');
    await anna.getByRole('button', { name: 'Записать' }).click();
    await anna.getByRole('button', { name: 'Сохранить' }).click();
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
    await page.keyboard.press('ArrowDown');
    await until('the focus below', async () => (await focused(page)) === beside);
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
    await page.getByText('только просмотр').waitFor();
    const reader = await sign('reader', 'timeline:read');
    expect(await api('PATCH', `/entries/${id}`, { version: 1, comment: 'x' }, { token: reader })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' },
    });
    expect(await api('GET', '', undefined, { token: await sign('nobody', 'desktop') })).toMatchObject({ status: 403 });
  });

  it('reports the missing right to a user who may not read', async () => {
    const context = await browser.newContext({ locale: 'ru-RU' });
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(`${host.url}/timeline#token=${await sign('nobody', 'desktop')}`);
    await page.getByText('У этого токена нет права смотреть журнал').waitFor();
    await page.getByRole('button', { name: 'Войти с другим токеном' }).click();
    await page.getByLabel('Токен').fill(await sign('anna'));
    await page.getByRole('button', { name: 'Войти' }).click();
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

  it('requests a token when it has none or when the token is rejected', async () => {
    const context = await browser.newContext({ locale: 'en-GB' });
    contexts.push(context);
    const page = await context.newPage();
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

  it('fits a phone and scrolls to the current time', async () => {
    const soon = await book('11:30', '12:00');
    const late = await book('19:00', '19:30');
    const page = await open('anna', { phone: true });
    await item(page, soon).waitFor();
    expect(await item(page, late).count()).toBe(0);
    await screenshot(page, 'phone');
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(390);
  });

  it('shows a legend of the status colours and makes few rows higher', async () => {
    const id = await book('10:00', '10:30');
    const page = await open('anna');
    await item(page, id).waitFor();
    expect(await page.locator('#help .legend span').allTextContents()).toContain('Не пришёл');
    const box = await item(page, id).boundingBox();
    expect(box?.height).toBeGreaterThan(60);
    await page.setViewportSize({ width: 1280, height: 220 });
    await until('low rows', async () => ((await item(page, id).boundingBox())?.height ?? 99) < 45);
  });

  it('is dark when the device prefers dark mode', async () => {
    const page = await open('anna');
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(await background()).toBe('rgb(255, 255, 255)');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).toBe('rgb(21, 26, 33)');
    await row(page, 'Иванова').waitFor();
    const ink = await page.evaluate<string>('getComputedStyle(document.querySelector(".vis-labelset .vis-label")).color');
    expect(ink).toBe('rgb(230, 234, 239)');
  });

  // this test is the last one, because cancelling its entries takes long
  it('shows a thousand entries in forty rows that can be reached and moved', async () => {
    const { resources, entries } = busyDay();
    const answer = await api('POST', '/import', { resources, entries }, { journal: 'quiet' });
    expect(answer.body).toMatchObject({ taken: 1_040, refused: [] });
    const page = await open('anna', { journal: 'quiet' });
    const first = entries.find(({ resource, start }) => resource === 'r00' && start === `${DAY}T09:00`);
    await item(page, first?.id ?? '').waitFor();
    await screenshot(page, 'thousand');
    // rows outside of the visible area are not rendered
    expect(await page.locator('[data-entry]').count()).toBeLessThan(600);

    // arrow keys scroll to hidden rows, and the rows stay beside their names
    const at10 = (row: string) => entries.find(({ resource, start }) => resource === row && start === `${DAY}T10:00`)?.id ?? '';
    await item(page, at10('r09')).focus();
    for (const row of ['r10', 'r11']) {
      await page.keyboard.press('ArrowDown');
      await until(`the focus in ${row}`, async () => (await focused(page)) === at10(row));
    }
    const [name, below] = [await page.getByText('Кабинет 12').boundingBox(), await item(page, at10('r11')).boundingBox()];
    expect(Math.abs((name?.y ?? 0) - (below?.y ?? 999))).toBeLessThan(24);

    const last = entries.find(({ resource, start }) => resource === 'r39' && start === `${DAY}T10:00`);
    const id = last?.id ?? '';
    await page.mouse.move(700, 400);
    await until('the last row', async () => {
      await page.mouse.wheel(0, 500);
      return (await item(page, id).count()) > 0;
    });
    await item(page, id).click();
    await page.getByRole('button', { name: 'Отменить запись' }).click();
    await page.locator('#card').waitFor({ state: 'hidden' });
    const neighbour = entries.find(({ resource, start }) => resource === 'r39' && start === `${DAY}T09:30`)?.id ?? '';
    await drag(page, neighbour, { x: ((await hourOf(page, neighbour)) * 6) / 11 });
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
