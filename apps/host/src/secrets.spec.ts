import { describe, expect, it } from '@jest/globals';
import { Secrets } from './secrets.js';

const SECRET = 'Пароль/1 & "x"<y>';

function masked(text: string, secret = SECRET): string {
  const secrets = new Secrets();
  secrets.add([secret], ['Администратор']);
  return secrets.mask(text);
}

const base64 = (text: string, charset: 'utf8' | 'latin1' = 'utf8') => Buffer.from(text, charset).toString('base64');

describe('a secret in a text', () => {
  it.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ token: SECRET })],
    ['in JSON within JSON', JSON.stringify({ body: JSON.stringify({ token: SECRET }) })],
    ['in JSON that is ASCII only', '\\u041f\\u0430\\u0440\\u043e\\u043b\\u044c\\/1 & \\"x\\"<y>'],
    ['in an address', `?key=${encodeURIComponent(SECRET)}`],
    ['in an address, in lower case', `?key=${encodeURIComponent(SECRET).toLowerCase()}`],
    ['in a form', `key=${new URLSearchParams([['k', SECRET]]).toString().slice(2)}`],
    ['in HTML', 'Пароль/1 &amp; &quot;x&quot;&lt;y&gt;'],
    ['in Base64', base64(SECRET)],
    ['as the password of Basic', `Basic ${base64(`Администратор:${SECRET}`)}`],
    ['as the password of Basic without a user', `Basic ${base64(`:${SECRET}`)}`],
    ['as the user of Basic', `Basic ${base64(`${SECRET}:`)}`],
  ])('is masked %s', (_form, text) => {
    expect(masked(`before ${text} after`)).toMatch(/^before .*\*\*\*.* after$/);
    expect(masked(text)).not.toMatch(/Пароль|%d0%9f/i);
    expect(masked(text)).not.toContain(base64(SECRET).slice(4, 12));
  });

  it('is masked as the password of Basic in Latin-1', () => {
    const secrets = new Secrets();
    secrets.add(['p@ss-ü'], ['Üser']);
    expect(secrets.mask(`Basic ${base64('Üser:p@ss-ü', 'latin1')}`)).toMatch(/^Basic \*\*\*=*$/);
  });

  it('is masked where a long text was cut in the middle of it', () => {
    const text = `${'x'.repeat(300)} token=W3bT0ken`;
    expect(masked(text, 'W3bT0kenSecret')).toBe(`${'x'.repeat(300)} token=***`);
    expect(masked('a short text that ends like it: W3bT', 'W3bT0kenSecret')).toContain('W3bT');
  });
});
