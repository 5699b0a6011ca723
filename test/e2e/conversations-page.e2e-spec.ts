import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page, WebSocketRoute } from 'playwright-core';
import { ask, post } from '../support/api.js';
import { screenshot, startBrowser } from '../support/browser.js';
import { startHost, type HostProcess } from '../support/host.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

const WORKSPACE = `
sluice: 1
plugins: ['@sluice/plugin-tcp-gateway', '@sluice/plugin-conversations']
settings: { timezone: Europe/Moscow }
connections:
  desktops: { use: tcp-gateway }
  talk: { use: conversations, with: { gateway: desktops, attachments: { maxSize: 2MiB } } }
`;

const SCOPE = 'conversations desktop';
/** A picture of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
/** The page draws each of 10,000 messages, which takes long on a machine with other work. */
const SCROLL_TIMEOUT_MS = 300_000;
/** Rules of axe of a lower impact: one landmark `main`, one heading of the first level. */
const STRUCTURE = ['landmark-one-main', 'page-has-heading-one', 'region'];
const MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

// run in the browser, whose types the tests do not know
const SEQS = "[...document.querySelectorAll('article.cv-message')].map((one) => one.dataset.seq)";
/** The first message whose top is visible. */
const FIRST_SHOWN = `(() => {
  const list = document.querySelector('.cv-list');
  const top = list.getBoundingClientRect().top;
  const first = [...list.querySelectorAll('.cv-message')].find((one) => one.getBoundingClientRect().top > top);
  return { seq: first.dataset.seq, y: first.getBoundingClientRect().top, height: list.scrollHeight };
})()`;

/** A file of the page: a picture larger than a screen, or bytes of zero. Runs in the browser. */
const FILES = `
  const picture = async (name, width, height) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    context.fillStyle = '#0a6a6c';
    context.fillRect(0, 0, width, height / 2);
    return new File([await canvas.convertToBlob({ type: 'image/png' })], name, { type: 'image/png' });
  };
  const carry = (...files) => {
    const data = new DataTransfer();
    for (const file of files) data.items.add(file);
    return data;
  };
  const drag = (type, dataTransfer) =>
    document.querySelector('.cv-discussion').dispatchEvent(
      new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));`;
/** Records the notifications that the page shows. */
const RECORD_NOTIFICATIONS = `
  window.shown = [];
  window.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      window.shown.push(title + ': ' + options.body);
      window.lastShown = this;
    }
  };`;
/** Scrolls up until the message `until` is loaded; resolves with the highest number of rows in the document. */
const scrollUp = (until: number) => `(async () => {
  const list = document.querySelector('.cv-list');
  let most = 0;
  for (;;) {
    const rows = [...document.querySelectorAll('article.cv-message')];
    most = Math.max(most, rows.length);
    if (Number(rows[0]?.dataset.seq) <= ${until}) return most;
    list.scrollTop -= 4_000;
    await new Promise((done) => requestAnimationFrame(done));
  }
})()`;

/** Replaces the messages of a discussion by 10,000 of 1 KB, most of which is not shown. */
const fakeMessages = (discussion: string, author: string) => `(() => {
  const LAST = 10_000;
  const one = (seq) => ({
    discussion: '${discussion}',
    seq,
    id: crypto.randomUUID(),
    author: '${author}',
    at: new Date(Date.UTC(2026, 0, 1) + seq * 60_000).toISOString(),
    text: 'запись ' + seq,
    data: { rest: 'щ'.repeat(500) },
    spans: [],
    attachments: [],
    reactions: [],
    version: 1,
  });
  const real = globalThis.fetch;
  globalThis.fetch = async (url, options) => {
    const { pathname, searchParams } = new URL(url, location.href);
    if (!pathname.endsWith('/discussions/${discussion}/messages')) return real(url, options);
    const before = Number(searchParams.get('before') ?? LAST + 1);
    const from = Math.max(1, before - Number(searchParams.get('limit')));
    const messages = Array.from({ length: before - from }, (_, index) => one(from + index));
    return Response.json({ messages, lastSeq: LAST, hasMore: from > 1 });
  };
})()`;

interface Someone {
  readonly sub: string;
  readonly id: string;
  readonly name: string;
  readonly token: string;
}

interface Posted {
  readonly message: { readonly seq: number; readonly text: string };
}

describe('the page of conversations', () => {
  let browser: Browser;
  let host: HostProcess;
  let anna: Someone;
  let boris: Someone;
  const folders: Folder[] = [];
  /** Browser profiles of the tests so far: a page in a known profile finds the files of the host in its cache. */
  const profiles = new Map<string, Promise<BrowserContext>>();
  const ownContexts: BrowserContext[] = [];
  const pages: Page[] = [];

  beforeAll(async () => {
    const workspace = makeWorkspace({ 'sluice.yaml': WORKSPACE });
    const home = makeFolder('home');
    folders.push(workspace, home);
    [browser, host] = await Promise.all([startBrowser(), startHost({ workspace: workspace.path, home: home.path })]);
    [anna, boris] = [await someone('anna', 'Анна Белова'), await someone('boris', 'Борис Кузнецов')];
  }, START_TIMEOUT_MS);

  afterEach(async () => {
    await Promise.all([...pages.splice(0), ...ownContexts.splice(0)].map((one) => one.close()));
  });

  afterAll(async () => {
    await browser?.close();
    await host?.dispose();
    for (const folder of folders) folder.remove();
  }, START_TIMEOUT_MS);

  const url = (path: string) => `${host.url}/api/conversations/talk${path}`;
  /** Calls the API for a person and resolves with the body; rejects for an error status. */
  const call = async <Body>(who: Pick<Someone, 'token'>, method: string, path: string, body?: object): Promise<Body> => {
    const { token } = who;
    const answer = body ? await post(url(path), body, { method, token }) : await ask(url(path), { method, token });
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as Body;
  };
  /** Creates a person with a name. */
  const someone = async (sub: string, name: string): Promise<Someone> => {
    const token = await signToken({ sub, scope: SCOPE });
    await call({ token }, 'PATCH', '/me', { name });
    const { person } = await call<{ person: { id: string } }>({ token }, 'GET', '/me');
    return { sub, id: person.id, name, token };
  };
  const group = async (title: string, owner = anna, others = [boris]) => {
    const body = { kind: 'group', title, members: others.map(({ id }) => id) };
    return (await call<{ discussion: { id: string } }>(owner, 'POST', '/discussions', body)).discussion.id;
  };
  const write = async (who: Someone, discussion: string, message: object | string) => {
    const body = { clientId: randomUUID(), ...(typeof message === 'string' ? { text: message } : message) };
    return (await call<Posted>(who, 'POST', `/discussions/${discussion}/messages`, body)).message.seq;
  };
  /** Posts many messages, several at the same time, so in any order; the last one last. */
  const writeMany = async (discussion: string, texts: readonly string[]) => {
    const waiting = texts.slice(0, -1);
    const writer = async () => {
      for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) await write(boris, discussion, text);
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    await write(boris, discussion, texts.at(-1) ?? '');
  };
  const textsOf = async (discussion: string) => {
    const page = await call<{ messages: Posted['message'][] }>(anna, 'GET', `/discussions/${discussion}/messages?limit=200`);
    return page.messages.map(({ text }) => text);
  };

  interface Options {
    readonly phone?: boolean;
    readonly dark?: boolean;
    readonly locale?: string;
    /** Prepares a profile of its own for the page. The page need not connect. */
    readonly before?: (context: BrowserContext) => Promise<void>;
    /** Query of the address instead of the discussion. */
    readonly query?: string;
  }

  /** Opens the page for a person, at a discussion if one is given, and waits for its live connection. */
  const open = async (who: Someone, discussion?: string, options: Options = {}) => {
    const { phone = false, dark = false, locale = 'ru-RU', before } = options;
    const create = () =>
      browser.newContext({
        locale,
        timezoneId: 'Europe/Moscow',
        colorScheme: dark ? 'dark' : 'light',
        viewport: phone ? { width: 390, height: 780 } : { width: 1440, height: 900 },
      });
    const profile = JSON.stringify([who.sub, phone, dark, locale]);
    const context = await (before ? create() : (profiles.get(profile) ?? create()));
    if (before) ownContexts.push(context);
    else profiles.set(profile, Promise.resolve(context));
    await before?.(context);
    const page = await context.newPage();
    pages.push(page);
    page.on('dialog', () => {
      throw new Error('the page has opened a dialog of the browser');
    });
    const live = page
      .waitForEvent('websocket')
      .then((socket) =>
        socket.waitForEvent('framereceived', { predicate: ({ payload }) => String(payload).startsWith('RECEIPT') }),
      );
    const { query = discussion === undefined ? '' : `?discussion=${discussion}` } = options;
    await page.goto(`${host.url}/conversations${query}#token=${who.token}`);
    if (before === undefined) await live;
    return page;
  };
  const composer = (page: Page) => page.getByRole('textbox', { name: 'Сообщение', exact: true });
  const send = async (page: Page, text: string) => {
    await composer(page).fill(text);
    await composer(page).press('Enter');
  };
  /** Scrolls the messages, and resolves when the page knows of it: its event comes with the next frame. */
  const scroll = (page: Page, by: number) =>
    page.evaluate(`new Promise((done) => {
      document.querySelector('.cv-list').scrollBy(0, ${by});
      requestAnimationFrame(() => requestAnimationFrame(done));
    })`);
  const hasFocus = (page: Page, selector: string) => page.evaluate<boolean>(`document.activeElement.matches('${selector}')`);
  const message = (page: Page, text: string) => page.locator('article.cv-message', { hasText: text });

  it('shows a post of one person to the other one, with typing, unread and read marks', async () => {
    const room = await group('Отгрузки');
    const [first, second] = await Promise.all([open(anna, room), open(boris)]);
    await composer(first).pressSequentially('Паллеты');
    await second
      .getByRole('link', { name: /Отгрузки/ })
      .getByText('печатает…')
      .waitFor();
    await composer(first).press('Enter');
    await second.getByRole('link', { name: /Отгрузки.*Паллеты.*1 новое сообщение/ }).waitFor();
    await message(first, 'Паллеты').getByRole('img', { name: 'Отправлено' }).waitFor();
    await second.getByRole('link', { name: /Отгрузки/ }).click();
    await second.getByText('Новые сообщения', { exact: true }).waitFor();
    await message(first, 'Паллеты').getByRole('img', { name: 'Прочитали: Борис Кузнецов' }).waitFor();
    await send(second, 'Приняли');
    await message(first, 'Приняли').waitFor();
    expect(await textsOf(room)).toEqual(['Паллеты', 'Приняли']);
    await screenshot(first, 'conversation');
  });

  it('writes formats and mentions a person of the directory', async () => {
    const room = await group('Упоминания');
    const [first, second] = await Promise.all([open(anna, room), open(boris)]);
    await composer(first).click();
    await first.keyboard.type('Срочно ');
    await first.keyboard.press('Control+b');
    await first.keyboard.type('завтра');
    await first.keyboard.press('Control+b');
    await first.keyboard.type(' @бор');
    await first.getByRole('option', { name: 'Борис Кузнецов' }).waitFor();
    await first.keyboard.press('Enter');
    await first.keyboard.type('сможешь?');
    await first.keyboard.press('Enter');
    await second.getByRole('link', { name: /Упоминания.*Вас упомянули/ }).click();
    await second.locator('.cv-text strong', { hasText: 'завтра' }).waitFor();
    await second.locator('.cv-mention-me', { hasText: '@Борис Кузнецов' }).waitFor();
    expect(await textsOf(room)).toEqual(['Срочно завтра @Борис Кузнецов сможешь?']);
  });

  it('attaches a picture and a file', async () => {
    const room = await group('Файлы');
    const [first, second] = await Promise.all([open(anna, room), open(boris, room)]);
    await first.locator('input[type=file]').setInputFiles([
      { name: 'Склад.png', mimeType: 'image/png', buffer: PIXEL },
      { name: 'Договор.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 test') },
    ]);
    await first.locator('.cv-upload .cv-file-size').nth(1).waitFor();
    await first.getByRole('button', { name: 'Отправить' }).click();
    await second.getByRole('img', { name: 'Склад.png' }).waitFor();
    const download = second.waitForEvent('download');
    await second.getByRole('button', { name: 'Скачать: Договор.pdf' }).click();
    expect((await download).suggestedFilename()).toBe('Договор.pdf');
  });

  it('presses a button of a message once', async () => {
    const room = await group('Кнопки');
    const buttons = [[{ id: 'yes', text: 'Согласовать', action: 'approve' }]];
    await write(boris, room, { text: 'Счёт 482', buttons });
    const page = await open(anna, room);
    const answered = page.waitForResponse((response) => response.url().endsWith('/buttons/yes'));
    await page.getByRole('button', { name: 'Согласовать' }).click();
    expect((await answered).status()).toBe(204);
  });

  it('answers, edits, reacts to and deletes messages in front of the other person', async () => {
    const room = await group('Правки');
    await write(boris, room, 'Сколько мест?');
    const [first, second] = await Promise.all([open(anna, room), open(boris, room)]);
    await message(first, 'Сколько мест?').hover();
    await message(first, 'Сколько мест?').getByRole('button', { name: 'Ответить' }).click();
    await send(first, 'Двенадцать');
    await message(second, 'Двенадцать').locator('.cv-quote', { hasText: 'Сколько мест?' }).waitFor();
    await composer(first).press('ArrowUp');
    await until('the text to edit', async () => (await composer(first).textContent()) === 'Двенадцать');
    await composer(first).fill('Тринадцать');
    await composer(first).press('Enter');
    await message(second, 'Тринадцать').getByRole('button', { name: 'изменено' }).waitFor();
    await message(second, 'Тринадцать').hover();
    await message(second, 'Тринадцать').getByRole('button', { name: 'Реакция' }).click();
    await second.getByRole('button', { name: '👍' }).click();
    await message(first, 'Тринадцать').getByRole('button', { name: '👍: 1 реакция' }).waitFor();
    await message(first, 'Тринадцать').hover();
    await message(first, 'Тринадцать').getByRole('button', { name: 'Действия с сообщением' }).click();
    await first.getByRole('menuitem', { name: 'Удалить' }).click();
    await first.getByRole('dialog').getByRole('button', { name: 'Удалить' }).click();
    await second.getByText('Сообщение удалено').first().waitFor();
    expect(await message(second, 'Тринадцать').count()).toBe(0);
  });

  it('keeps messages that are written offline, sends each once, and catches up', async () => {
    const room = await group('Связь');
    let isCut = false;
    const sockets = new Set<WebSocketRoute>();
    const before = async (context: BrowserContext) => {
      await context.routeWebSocket(/\/stomp$/, (socket) => {
        if (isCut) return void socket.close();
        sockets.add(socket);
        socket.connectToServer();
      });
    };
    const page = await open(anna, room, { before });
    await composer(page).waitFor();
    await until('the live connection', () => sockets.size > 0);
    await send(page, 'до обрыва');
    await message(page, 'до обрыва').getByRole('img', { name: 'Отправлено' }).waitFor();

    isCut = true;
    await page.context().setOffline(true);
    for (const socket of sockets) await socket.close();
    await page.getByText('Нет связи с сервером').waitFor();
    for (const text of ['первое', 'второе']) await send(page, text);
    await page.locator('.cv-pending', { hasText: 'второе' }).getByText('Ожидает отправки').waitFor();
    const lost = Array.from({ length: 70 }, (_, index) => `без связи ${index}`);
    await writeMany(room, lost);

    isCut = false;
    await page.context().setOffline(false);
    await until('the pending messages to be sent', async () => (await page.locator('.cv-pending').count()) === 0);
    await page.getByText('Нет связи с сервером').waitFor({ state: 'hidden' });
    const all = await textsOf(room);
    expect(all.filter((text) => !text.startsWith('без связи'))).toEqual(['до обрыва', 'первое', 'второе']);
    expect(all).toHaveLength(73);
    // the window shows each seq once and in order, from the end to the beginning
    const seen = new Set<string>();
    let step = -300;
    await until('all messages to be shown', async () => {
      const seqs = await page.evaluate<string[]>(SEQS);
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => Number(a) - Number(b)));
      for (const seq of seqs) seen.add(seq);
      // a step is longer than planned when older messages arrive in its frame, so what was passed over is seen on the way back
      if (seqs.includes('1')) step = 300;
      else if (seqs.includes('73')) step = -300;
      await scroll(page, step);
      return seen.size === 73;
    });
  });

  it('sends messages of an earlier visit after a reload', async () => {
    const room = await group('Перезагрузка');
    const page = await open(anna, room);
    await page.route('**/messages', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
    await send(page, 'не потеряется');
    await page.locator('.cv-pending', { hasText: 'Ожидает отправки' }).waitFor();
    await page.unroute('**/messages');
    await page.reload();
    await until('the message', async () => (await textsOf(room)).length > 0);
    await until('no pending message', async () => (await page.locator('.cv-pending').count()) === 0);
    expect(await textsOf(room)).toEqual(['не потеряется']);
  });

  it('shows a rejected message with its reason, and sends it after a retry', async () => {
    const room = await group('Архивная');
    const page = await open(anna, room);
    let isRejecting = true;
    await page.route('**/messages', (route) =>
      isRejecting && route.request().method() === 'POST'
        ? route.fulfill({ status: 409, json: { code: 'CONVERSATIONS_ARCHIVED', message: 'archived', cure: 'open it' } })
        : route.continue(),
    );
    await send(page, 'отказ');
    const failed = page.locator('.cv-pending', { hasText: 'отказ' });
    await failed.getByText('Не отправлено. Обсуждение в архиве.').waitFor();
    isRejecting = false;
    await failed.getByRole('button', { name: 'Повторить' }).click();
    await until('the message', async () => (await textsOf(room)).includes('отказ'));
  });

  it('reads the list again after an error of the server, without a press', async () => {
    await group('Сбой списка');
    let isFailing = true;
    const page = await open(anna, undefined, {
      before: async (context) => {
        await context.route(/\/discussions\?/, (route) =>
          isFailing ? route.fulfill({ status: 500, json: { code: 'INTERNAL', message: 'failed' } }) : route.continue(),
        );
      },
    });
    await page.getByText('Не удалось загрузить').waitFor();
    isFailing = false;
    await page.getByRole('link', { name: /Сбой списка/ }).waitFor();
  });

  it('keeps the place while older messages are loaded', async () => {
    const room = await group('Длинное');
    const lines = Array.from({ length: 240 }, (_, index) => `строка ${index + 1}\n${'слово '.repeat(index % 40)}`);
    await writeMany(room, lines);
    await call(anna, 'POST', '/read', { marks: [{ discussion: room, seq: 240 }] });
    const page = await open(anna, room);
    await message(page, 'строка 240').waitFor();
    const release: (() => void)[] = [];
    await page.route(/before=/, async (route) => {
      await new Promise<void>((resolve) => release.push(resolve));
      await route.continue();
    });
    for (let load = 1; load <= 2; load++) {
      await until('older messages to be requested', async () => {
        await scroll(page, -500);
        return release.length === load;
      });
      const rest = await page.evaluate<{ seq: string; y: number; height: number }>(FIRST_SHOWN);
      release[load - 1]?.();
      const height = () => page.evaluate<number>("document.querySelector('.cv-list').scrollHeight");
      await until('the older messages', async () => (await height()) > rest.height + 500);
      const { y } = (await page.locator(`[data-seq="${rest.seq}"]`).boundingBox()) ?? { y: NaN };
      expect(Math.abs(y - rest.y)).toBeLessThan(30);
    }
    await page.unroute(/before=/);
    await scroll(page, -1_000_000);
    await page.getByRole('button', { name: 'К последним сообщениям' }).click();
    await message(page, 'строка 240').waitFor();
  });

  it('finds a message and opens the discussion at it', async () => {
    const room = await group('Поиск');
    await write(boris, room, 'Накладные лежат на воротах');
    const others = Array.from({ length: 120 }, (_, index) => `прочее ${index}`);
    await writeMany(room, others);
    const page = await open(anna);
    await page.getByRole('searchbox').fill('накладная');
    await page.getByRole('button', { name: /Накладные лежат/ }).click();
    await message(page, 'Накладные лежат на воротах').waitFor();
    expect(page.url()).toContain('message=1');
    await page.getByRole('button', { name: /К последним сообщениям/ }).click();
    await message(page, 'прочее 119').waitFor();
  });

  it('opens a direct discussion and a group', async () => {
    const vera = await someone(`vera-${randomUUID()}`, `Вера ${randomUUID().slice(0, 8)}`);
    const page = await open(vera);
    await page.getByText('Здесь появятся обсуждения').waitFor();
    await screenshot(page, 'conversations-empty');
    await page.getByRole('button', { name: 'Новое обсуждение' }).first().click();
    await page.getByRole('dialog').getByRole('searchbox').fill('анна');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Анна Белова/ })
      .click();
    await page.getByRole('heading', { name: 'Анна Белова' }).waitFor();
    await send(page, 'Здравствуйте!');
    await page.getByRole('button', { name: 'Новое обсуждение' }).first().click();
    await page.getByText('Создать группу').click();
    await page.getByRole('button', { name: 'Создать', exact: true }).click();
    await page.getByText('Назовите группу').waitFor();
    await page.getByLabel('Название группы').fill('Новая группа');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Борис Кузнецов/ })
      .click();
    await page.getByRole('button', { name: 'Создать', exact: true }).click();
    await page.getByRole('heading', { name: 'Новая группа' }).waitFor();
    await page.getByRole('button', { name: 'Об обсуждении' }).click();
    await page.getByText('2 участника').last().waitFor();
    await page.getByRole('button', { name: 'Покинуть обсуждение' }).click();
    await page.getByRole('button', { name: 'Покинуть обсуждение' }).click();
    await page.getByText('Выберите обсуждение').waitFor();
  });

  it('keeps a draft for each discussion', async () => {
    const [one, other] = [await group('Черновик один'), await group('Черновик два')];
    const page = await open(anna, one);
    await composer(page).fill('недописано');
    const stored = `Object.keys(localStorage).some((key) => key.includes('draft') && key.endsWith('${one}'))`;
    await until('the draft to be stored', () => page.evaluate<boolean>(stored));
    await page.getByRole('link', { name: /Черновик два/ }).click();
    await page.getByRole('heading', { name: 'Черновик два' }).waitFor();
    expect(await composer(page).textContent()).toBe('');
    await page.getByRole('link', { name: /Черновик один/ }).click();
    await until('the draft', async () => (await composer(page).textContent()) === 'недописано');
    expect(await textsOf(other)).toEqual([]);
  });

  it('shows markup in every field as text', async () => {
    const eve = await someone(`eve-${randomUUID()}`, MARKUP);
    const room = await group(MARKUP, eve, [anna]);
    await write(eve, room, {
      text: `${MARKUP} javascript:document.title=3`,
      spans: [{ kind: 'bold', from: 0, to: 10 }],
      buttons: [[{ id: 'b', text: MARKUP, action: 'x' }]],
      link: 'javascript:document.title=4',
    });
    const page = await open(anna, room);
    await page.getByRole('heading', { name: MARKUP }).waitFor();
    await page.getByRole('button', { name: MARKUP, exact: true }).waitFor();
    expect(await page.locator('.cv-text').first().textContent()).toContain(MARKUP);
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
    expect(await page.title()).toMatch(/Обсуждения$/);
    expect(await page.locator('script:not([src]), [onerror], [style*="url"]').count()).toBe(0);
  });

  it('opens the discussion of a document by the key in the address, for everybody the same one', async () => {
    const query = `?${new URLSearchParams({ key: `Заказ/${randomUUID()}`, title: 'Заказ 00-77', context: 'e1cib/data/Заказ' }).toString()}`;
    const [first, second] = await Promise.all([open(anna, undefined, { query }), open(boris, undefined, { query })]);
    for (const page of [first, second]) await page.getByRole('heading', { name: 'Заказ 00-77' }).waitFor();
    await send(first, 'Отгрузим завтра');
    await message(second, 'Отгрузим завтра').waitFor();
    const address = new URL(first.url()).searchParams;
    expect([...address.keys()]).toEqual(['discussion']);
    expect(new URL(second.url()).search).toBe(new URL(first.url()).search);
    await second.getByText('Обсуждение документа · 2 участника').waitFor();
  });

  it('archives a discussion, shows it in the archive, and restores it', async () => {
    const room = await group('Прошлый сезон');
    const page = await open(anna, room);
    const row = page.getByRole('link', { name: /Прошлый сезон/ });
    const archiveMenu = async (item: string) => {
      await page.getByRole('button', { name: 'Настройки' }).click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await row.waitFor();
    await page.getByRole('button', { name: 'Об обсуждении' }).click();
    await page.getByRole('button', { name: 'Убрать в архив' }).click();
    await page.keyboard.press('Escape');
    await page.getByText('Обсуждение в архиве, писать в него нельзя.').waitFor();
    await row.waitFor({ state: 'detached' });
    expect(await composer(page).count()).toBe(0);
    await archiveMenu('Архив');
    await row.click();
    await page.getByRole('button', { name: 'Вернуть из архива' }).click();
    await composer(page).waitFor();
    await archiveMenu('Ко всем обсуждениям');
    await row.waitFor();
  });

  it('notifies while the window is in the background, and of mentions only where it is muted', async () => {
    const [loud, quiet] = [await group('Звонки'), await group('Тихое')];
    const page = await open(anna, undefined, {
      before: async (context) => {
        await context.grantPermissions(['notifications'], { origin: host.url ?? '' });
        await context.addInitScript(RECORD_NOTIFICATIONS);
      },
    });
    const shown = () => page.evaluate<string[]>('window.shown');
    await page.getByRole('button', { name: 'Настройки' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Показывать уведомления' }).click();
    await page.getByText('Уведомления включены').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: /Тихое/ }).click();
    await page.getByRole('button', { name: 'Об обсуждении' }).click();
    await page.getByLabel('Уведомления').selectOption('ever');
    await page
      .getByRole('link', { name: /Тихое/, includeHidden: true })
      .getByRole('img', { name: 'Без уведомлений', includeHidden: true })
      .waitFor();
    await page.keyboard.press('Escape');
    await page.evaluate('document.hasFocus = () => false');
    await write(boris, quiet, 'обед');
    await write(boris, quiet, { text: '@Анна Белова зайди', spans: [{ kind: 'mention', from: 0, to: 12, person: anna.id }] });
    await write(boris, loud, 'Перезвоните клиенту');
    await until('the notifications', async () => (await shown()).length >= 2);
    expect((await shown()).sort()).toEqual([
      'Борис Кузнецов · Звонки: Перезвоните клиенту',
      'Борис Кузнецов · Тихое: @Анна Белова зайди',
    ]);
    await page.evaluate("window.lastShown.onclick?.(new Event('click'))");
    await page.getByRole('heading', { name: /Звонки|Тихое/ }).waitFor();
  });

  it('attaches dragged and pasted files, scales pictures, and keeps them while another discussion is open', async () => {
    const [room] = [await group('Снимки'), await group('Соседнее')];
    const page = await open(anna, room);
    await composer(page).waitFor();
    const dragged = `(async () => { ${FILES}
      const data = carry(await picture('Склад.png', 3_000, 1_000));
      drag('dragover', data);
      window.drop = () => drag('drop', data);
    })()`;
    await page.evaluate(dragged);
    await page.getByText('Отпустите файлы, чтобы прикрепить').waitFor();
    await page.evaluate('window.drop()');
    await page.evaluate(`(() => { ${FILES}
      const clipboardData = carry(new File(['12 мест'], 'Опись.txt', { type: 'text/plain' }));
      document.querySelector('.cv-editor').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
      drag('drop', carry(new File([new Uint8Array(3 * 1024 * 1024)], 'Видео.zip', { type: 'application/zip' })));
    })()`);
    const sizes = page.locator('.cv-upload .cv-file-size');
    await sizes.nth(1).waitFor();
    await page.getByRole('alert').getByText('Файл слишком большой: на сервере разрешено до 2 МБ.').waitFor();
    await page.getByRole('button', { name: 'Убрать файл: Видео.zip' }).click();
    await page.getByRole('link', { name: /Соседнее/ }).click();
    await page.getByRole('heading', { name: 'Соседнее' }).waitFor();
    expect(await page.locator('.cv-upload').count()).toBe(0);
    await page.getByRole('link', { name: /Снимки/ }).click();
    await sizes.nth(1).waitFor();
    await page.getByRole('button', { name: 'Отправить' }).click();
    const sizeOf = "[...document.querySelectorAll('.cv-picture img')].map((one) => [one.naturalWidth, one.naturalHeight])";
    await until('the scaled picture', async () => String(await page.evaluate<number[][]>(sizeOf)) === '1920,640');
    await message(page, 'Опись.txt').getByRole('img', { name: 'Отправлено' }).waitFor();
  });

  it('waits as long as the server asks for, shows it, and sends the message', async () => {
    const room = await group('Часто');
    const page = await open(anna, room);
    const attempts: number[] = [];
    await page.route('**/messages', (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      attempts.push(Date.now());
      const json = { code: 'TOO_MANY', message: 'too many', cure: 'wait' };
      return attempts.length > 1 ? route.continue() : route.fulfill({ status: 429, headers: { 'retry-after': '2' }, json });
    });
    await send(page, 'потише');
    await page
      .locator('.cv-pending', { hasText: 'потише' })
      .getByText(/Слишком часто. Отправится через \d секунд/)
      .waitFor();
    await message(page, 'потише').getByRole('img', { name: 'Отправлено' }).waitFor();
    const [first = NaN, second = NaN] = attempts;
    expect(attempts).toHaveLength(2);
    expect(second - first).toBeGreaterThanOrEqual(2_000);
  });

  it(
    'holds few rows and a constant memory while 10,000 messages are scrolled through',
    async () => {
      const room = await group('Архив переписки');
      const page = await open(anna);
      await page.evaluate(fakeMessages(room, boris.id));
      const devtools = await page.context().newCDPSession(page);
      const memory = async () => {
        await devtools.send('HeapProfiler.collectGarbage');
        const { nodes } = await devtools.send('Memory.getDOMCounters');
        const { usedSize } = await devtools.send('Runtime.getHeapUsage');
        return { nodes, usedSize };
      };
      await page.getByRole('link', { name: /Архив переписки/ }).click();
      await message(page, 'запись 10000').waitFor();
      const rows = [await page.evaluate<number>(scrollUp(8_500))];
      const early = await memory();
      rows.push(await page.evaluate<number>(scrollUp(1)));
      const late = await memory();
      expect(Math.max(...rows)).toBeLessThan(100);
      expect(late.nodes).toBeLessThan(early.nodes * 1.5);
      // the messages in between have more than 8 MB
      expect(late.usedSize - early.usedSize).toBeLessThan(4_000_000);
      await page.getByRole('button', { name: 'К последним сообщениям' }).click();
      await message(page, 'запись 10000').waitFor();
    },
    SCROLL_TIMEOUT_MS,
  );

  it('is used with the keyboard alone', async () => {
    const room = await group('Клавиатура');
    await write(boris, room, 'стрелки');
    const page = await open(anna);
    await page.getByRole('link', { name: /Клавиатура/ }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('клавиа');
    await page.getByRole('option', { name: 'Клавиатура' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Клавиатура' }).waitFor();
    await until('the focus in the composer', () => hasFocus(page, '.cv-editor'));
    await page.keyboard.press('Escape');
    await until('the focus in the search', () => hasFocus(page, 'input[type=search]'));
    await page.keyboard.press('ArrowDown');
    await until('the focus in the list', () => hasFocus(page, '.ui-row'));
    await page.keyboard.press('Enter');
    await message(page, 'стрелки').waitFor();
  });

  it('shows the list or the discussion on a phone', async () => {
    const room = await group('Телефон');
    await write(boris, room, 'Очень длинное слово: '.repeat(3) + 'а'.repeat(200));
    const page = await open(anna, undefined, { phone: true });
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth');
    await page.getByRole('link', { name: /Телефон/ }).waitFor();
    expect(await width()).toBeLessThanOrEqual(390);
    await page.getByRole('link', { name: /Телефон/ }).click();
    await message(page, 'Очень длинное слово').waitFor();
    expect(await page.getByRole('link', { name: /Телефон/ }).isVisible()).toBe(false);
    expect(await width()).toBeLessThanOrEqual(390);
    await screenshot(page, 'conversation-phone');
    await page.getByRole('button', { name: 'К списку' }).click();
    await page.getByRole('link', { name: /Телефон/ }).waitFor();
  });

  it.each([
    { locale: 'ru-RU', dark: false, phone: false },
    { locale: 'en-GB', dark: true, phone: false },
    { locale: 'en-GB', dark: false, phone: true },
    { locale: 'ru-RU', dark: true, phone: true },
  ])('has no serious accessibility problems (%j)', async (options) => {
    const room = await group('Доступность');
    await write(boris, room, { text: 'см. https://example.org', buttons: [[{ id: 'b', text: 'Да', action: 'x' }]] });
    const seq = await write(anna, room, 'Готово');
    await call(boris, 'PUT', `/discussions/${room}/messages/${seq}/reactions/${encodeURIComponent('👍')}`);
    const page = await open(anna, room, options);
    await message(page, 'Готово').waitFor();
    const check = async (where: string) => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(
        ({ id, impact }) => impact === 'serious' || impact === 'critical' || STRUCTURE.includes(id),
      );
      expect({
        where,
        serious: serious.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html.slice(0, 200)) })),
      }).toEqual({
        where,
        serious: [],
      });
    };
    await check('discussion');
    await page.getByRole('button', { name: /^(Об обсуждении|About the discussion)$/ }).click();
    await page.getByRole('dialog').waitFor();
    await check('details');
    await page.keyboard.press('Escape');
    if (options.phone) await page.getByRole('button', { name: /^(К списку|Back to the list)$/ }).click();
    await page.getByRole('searchbox').fill('Доступ');
    await page.locator('.cv-section').first().waitFor();
    await check('search');
  });

  it('explains a missing right', async () => {
    const context = await browser.newContext({ locale: 'ru-RU' });
    ownContexts.push(context);
    const page = await context.newPage();
    await page.goto(`${host.url}/conversations#token=${await signToken({ sub: 'nobody', scope: 'desktop' })}`);
    await page.getByText('Не удалось открыть обсуждения').waitFor();
  });
});
