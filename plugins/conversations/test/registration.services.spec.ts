import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock, type Bearer } from '@sluice/plugin-api';
import { ConnectionDatabase } from '@sluice/store';
import { FakeWorkspace, MemoryLog, openPlugin, startPostgres, until, type PostgresServer } from '@sluice/testing';
import { SMTPServer } from 'smtp-server';
import { plugin } from '../src/plugin.js';

describe('registration on PostgreSQL', () => {
  const mails: string[] = [];
  let server: PostgresServer;
  let database: ConnectionDatabase;
  let smtp: SMTPServer;
  let refusesMails = false;
  const open = (perHour = 1_000) => {
    const { port } = smtp.server.address() as AddressInfo;
    const registration = { smtp: `smtp://127.0.0.1:${port}`, from: 'sluice@firma.ru', perHour };
    return openPlugin(plugin, { registration }, { workspace: new FakeWorkspace(database) });
  };
  let opened: Awaited<ReturnType<typeof open>>;

  beforeAll(async () => {
    smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, _session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (!refusesMails) mails.push(Buffer.concat(chunks).toString());
          done(refusesMails ? new Error('no room') : undefined);
        });
      },
    });
    smtp.listen(0, '127.0.0.1');
    await once(smtp.server, 'listening');
    server = await startPostgres();
    database = new ConnectionDatabase({ url: server.url, connection: 'talk', log: new MemoryLog(), clock: systemClock });
    opened = await open();
  });

  afterAll(async () => {
    await opened?.close();
    await database?.close();
    await server?.stop();
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
  });

  const codeOf = (mail: string | undefined) => /Code: (\d{8})/.exec(mail ?? '')?.[1] ?? '';
  const request = (email: string, title = 'ООО Ромашка') =>
    opened.client.registrations.request({ email, title, application: 'УТ 11' });
  const refused = { code: 'CONVERSATIONS_REGISTRATION' };

  it('registers an organisation with the code of the mail, once', async () => {
    const id = await request('boss@romashka.ru', 'ООО \u202EРомашка');
    const code = codeOf(mails.at(-1));
    const { issuer, key, application } = await opened.client.registrations.confirm(id, code);
    expect(opened.host.services.registeredIssuers).toContainEqual({
      name: issuer,
      keys: [Buffer.from(key)],
      scopes: ['conversations', 'conversations:server', 'desktop'],
    });
    await expect(opened.client.registrations.confirm(id, code)).rejects.toMatchObject(refused);
    const rows = await database.rows<{ title: string; sealed: Buffer }>(
      `select subscriber.title, sealed from issuer_key join subscriber on subscriber.id = subscriber where application = $1`,
      [application],
    );
    expect(rows.map(({ title }) => title)).toEqual(['ООО Ромашка']);
    expect(rows[0]?.sealed.includes(key)).toBe(false);
    // its people belong to a subscriber of their own
    const bearer = { user: `${issuer}/anna`, issuer, sub: 'anna', scopes: ['conversations'] } as unknown as Bearer;
    const caller = await opened.client.people.callerOf(bearer);
    expect((await opened.client.directory.subscriber(caller.subscriber)).code).toBe(`org-${id.slice(0, 13)}`);
  });

  it('keeps the code valid, and registers nothing, when the registration fails halfway', async () => {
    const id = await request('half@firma.ru');
    const code = codeOf(mails.at(-1));
    await database.rows('alter table issuer_key rename to issuer_key_away');
    await expect(opened.client.registrations.confirm(id, code)).rejects.toThrow(/issuer_key/);
    await database.rows('alter table issuer_key_away rename to issuer_key');
    expect(await database.rows('select from subscriber where code = $1', [`org-${id.slice(0, 13)}`])).toEqual([]);
    expect(await opened.client.registrations.confirm(id, code)).toMatchObject({ key: expect.any(String) });
  });

  it('stores no code, and refuses it after five wrong attempts, also parallel ones', async () => {
    const id = await request('guess@firma.ru');
    const code = codeOf(mails.at(-1));
    const [stored] = await database.rows<{ text: string }>('select registration::text as text from registration where id = $1', [
      id,
    ]);
    expect(stored?.text).not.toContain(code);
    const wrong = code === '00000000' ? '11111111' : '00000000';
    const attempts = Array.from({ length: 8 }, () => opened.client.registrations.confirm(id, wrong));
    for (const attempt of await Promise.allSettled(attempts)) expect(attempt.status).toBe('rejected');
    await expect(opened.client.registrations.confirm(id, code)).rejects.toMatchObject(refused);
  });

  it('refuses an expired code', async () => {
    const id = await request('late@firma.ru');
    const code = codeOf(mails.at(-1));
    await database.rows(`update registration set created_at = now() - interval '16 minutes' where id = $1`, [id]);
    await expect(opened.client.registrations.confirm(id, code)).rejects.toMatchObject(refused);
  });

  it('sends three mails to an address in an hour, and answers a fourth request the same way', async () => {
    const before = mails.length;
    const ids = await Promise.all(
      Array.from({ length: 6 }, (_, index) => request(index % 2 === 0 ? 'Many@firma.ru' : 'many@firma.ru')),
    );
    expect(new Set(ids).size).toBe(6);
    expect(mails.length - before).toBe(3);
  });

  it('limits the mails to all addresses', async () => {
    await database.rows('delete from registration');
    const limited = await open(5);
    const requests = Array.from({ length: 9 }, (_, index) =>
      limited.client.registrations.request({ email: `p${index}@firma.ru`, title: 'x', application: 'x' }),
    );
    const results = await Promise.allSettled(requests);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    await limited.close();
    await database.rows('delete from registration');
  });

  it('reports that the mail server refuses a mail', async () => {
    refusesMails = true;
    await expect(request('nomail@firma.ru')).rejects.toMatchObject({ code: 'CONVERSATIONS_MAIL' });
    refusesMails = false;
  });

  it('rotates and locks keys on another host within 5 s', async () => {
    const other = await open();
    const { applications } = opened.client;
    const subscriber = await applications.addSubscriber('firma', 'Фирма');
    const first = await applications.add(subscriber.id, 'УТ');
    const keysAtOther = () =>
      other.host.services.registeredIssuers
        .find(({ name }) => name === first.issuer)
        ?.keys.map((key) => Buffer.from(key).toString());
    await until('the other host accepts the key', () => keysAtOther()?.[0] === first.key, 5_000);
    const second = await applications.rotate(subscriber.id, first.application, true);
    await until('both keys are accepted', () => keysAtOther()?.join() === [second.key, first.key].join(), 5_000);
    const third = await applications.rotate(subscriber.id, first.application, false);
    await until('only the new key is accepted', () => keysAtOther()?.join() === third.key, 5_000);
    await applications.change(subscriber.id, first.application, { isLocked: true });
    await until('no key is accepted', () => keysAtOther() === undefined, 5_000);
    expect(await applications.list(subscriber.id)).toMatchObject([{ isLocked: true, keys: 1 }]);
    await applications.change(subscriber.id, first.application, { isLocked: false });
    await until('the key is accepted again', () => keysAtOther()?.join() === third.key, 5_000);
    await applications.changeSubscriber(subscriber.id, { isLocked: true });
    await until('the subscriber is locked', () => keysAtOther() === undefined, 5_000);
    await other.close();
  });

  it('keeps subscribers apart', async () => {
    const { applications } = opened.client;
    const [own, foreign] = [await applications.addSubscriber('own', 'x'), await applications.addSubscriber('foreign', 'x')];
    const { application } = await applications.add(own.id, 'УТ');
    const missing = { code: 'CONVERSATIONS_MISSING' };
    await expect(applications.rotate(foreign.id, application, false)).rejects.toMatchObject(missing);
    await expect(applications.change(foreign.id, application, { isLocked: true })).rejects.toMatchObject(missing);
    expect(await applications.list(foreign.id)).toEqual([]);
    await expect(applications.addSubscriber('own', 'x')).rejects.toMatchObject({ code: 'CONVERSATIONS_INVALID' });
  });
});
