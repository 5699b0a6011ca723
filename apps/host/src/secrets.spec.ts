import { describe, expect, it } from '@jest/globals';
import { Secrets } from './secrets.js';

const SECRET = 'Пароль/1 & "x"<y>';

function masked(text: string, secret = SECRET): string {
  const secrets = new Secrets();
  secrets.add([secret]);
  return secrets.mask(text);
}

const base64 = (text: string, charset: 'utf8' | 'latin1' = 'utf8') => Buffer.from(text, charset).toString('base64');

describe('secrets in texts', () => {
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
    ['as the password of Basic in an address', `auth=${encodeURIComponent(`Basic ${base64(`Администратор:${SECRET}`)}`)}`],
    ['as the password of Basic with any user', `Basic ${base64(`somebody else:${SECRET}`)}`],
    ['in Base64 of a whole request', base64(`GET / HTTP/1.1\r\nauthorization: Bearer ${SECRET}\r\n\r\n`)],
    ['in Base64 for addresses', Buffer.from(`>>>?${SECRET}`).toString('base64url')],
    ['in an address within an address', `?to=${encodeURIComponent(`/?key=${encodeURIComponent(SECRET)}`)}`],
    ['as escape() of JavaScript writes it', escape(SECRET)],
    ['in HTML with numbers', [...SECRET].map((char) => `&#${char.codePointAt(0)};`).join('')],
    ['in HTML with hexadecimal numbers', [...SECRET].map((char) => `&#x${char.codePointAt(0)?.toString(16)};`).join('')],
    ['in hexadecimal digits', Buffer.from(SECRET).toString('hex')],
    ['in JSON within JSON within JSON', JSON.stringify(JSON.stringify(JSON.stringify({ token: SECRET })))],
    ['in JSON within an address', encodeURIComponent(JSON.stringify({ token: SECRET }))],
    ['after a backslash', `DOMAIN\\${SECRET}`],
  ])('are masked %s', (_form, text) => {
    expect(masked(`before ${text} after`)).toMatch(/^before .*\*\*\*.* after$/);
    expect(masked(text)).not.toMatch(/Пароль|%d0%9f/i);
    expect(masked(text)).not.toContain(base64(SECRET).slice(4, 12));
  });

  it('are masked as the password of Basic in Latin-1', () => {
    const secrets = new Secrets();
    secrets.add(['p@ss-ü']);
    expect(secrets.mask(`Basic ${base64('Üser:p@ss-ü', 'latin1')}`)).toMatch(/^Basic \*\*\*=*$/);
  });

  it.each([
    ['an ellipsis', 'token=W3bT0k…'],
    ['three dots', '{"token":"W3bT0k..."}'],
    ['an ellipsis, in Base64', `Basic ${base64('user:W3bT0kenSecret').slice(0, 16)}…`],
    ['an ellipsis, in JSON within JSON', JSON.stringify(JSON.stringify({ token: 'W3bT0k…' }))],
  ])('are masked before %s', (_mark, text) => {
    expect(masked(text, 'W3bT0kenSecret')).toMatch(/^[^]*\*\*\*(…|\.{3})/);
    expect(masked(text, 'W3bT0kenSecret')).not.toMatch(/W3b|VzNi/);
  });

  it('are masked before a truncated escape', () => {
    const text = `${'x'.repeat(300)}?key=${encodeURIComponent(SECRET)}`;
    for (let length = 330; length < text.length; length++) expect(masked(text.slice(0, length))).not.toMatch(/%D0%9F|Пар/);
  });

  it.each(['a%41b\\nc', 'nabc\\', '&amp;5%', '\\u0041\\"', 'x '.repeat(1_000)])(
    'is masked when it looks encoded: %j',
    (secret) => {
      for (const text of [
        secret,
        JSON.stringify(secret),
        encodeURIComponent(secret),
        `C:\\${secret}`,
        JSON.stringify({ a: JSON.stringify(secret) }),
      ])
        expect(masked(`<${text}>`, secret)).toMatch(/^<.*\*\*\*.*>$/);
    },
  );

  it('of few characters are masked only as whole words', () => {
    expect(masked('user 123 has 1234 or "123"', '123')).toBe('user *** has 1234 or "***"');
  });

  it('leave the surrounding text unchanged', () => {
    expect(masked('%41 \\" &lt; W3bT0kenSecret %41 \\" &lt; W3bT0kenSecretW3bT0kenSecret.', 'W3bT0kenSecret')).toBe(
      '%41 \\" &lt; *** %41 \\" &lt; ******.',
    );
  });

  it.each([
    ['%', '%D0%9'],
    ['\\', '\\\\u04'],
    ['&', '&#1'],
    ['…', 'W3bT…'],
    ['.', 'W3b...'],
    ['W', 'W3bT'],
    ['words of Base64', `${'a'.repeat(9_000)} ${base64('W3bT0kenSecret-1')} `],
  ])('are found in time proportional to a text full of %s', (_name, piece) => {
    const secrets = new Secrets();
    secrets.add(Array.from({ length: 50 }, (_, n) => `W3bT0kenSecret-${n}`));
    const began = performance.now();
    secrets.mask(piece.repeat(500_000 / piece.length));
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('are masked when a long text is truncated inside of them', () => {
    const text = `${'x'.repeat(300)} token=W3bT0ken`;
    expect(masked(text, 'W3bT0kenSecret')).toBe(`${'x'.repeat(300)} token=***`);
    expect(masked('a short text that ends like it: W3bT', 'W3bT0kenSecret')).toContain('W3bT');
  });
});
