// Writes the golden frames beside this file: node addin/test/golden/make.mjs
// The cases are readable here; the JSON files contain exact bytes. README.md describes their format.
import { writeFileSync } from 'node:fs';

const frame = (command, headers = {}, body = '') => ({ command, headers, body: base64(body) });
const ok = (name, bytes, ...frames) => ({ name, bytes: base64(bytes), frames });
const partial = (name, bytes, ...frames) => ({ ...ok(name, bytes, ...frames), partial: true });
const bad = (name, bytes, error, ...frames) => ({ ...ok(name, bytes, ...frames), error });
const within = (limits, testCase) => ({ ...testCase, limits });

/** A string stands for its UTF-8 bytes. */
function base64(bytes) {
  return Buffer.from(bytes).toString('base64');
}

const bytesOf = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

const FILES = {
  framing: [
    ok('a frame with neither headers nor body', 'DISCONNECT\n\n\0', frame('DISCONNECT')),
    ok('one header and a body', 'SEND\ndestination:/a\n\nhello\0', frame('SEND', { destination: '/a' }, 'hello')),
    ok(
      'two frames without a pause',
      'SEND\na:1\n\nx\0SEND\na:2\n\ny\0',
      frame('SEND', { a: '1' }, 'x'),
      frame('SEND', { a: '2' }, 'y'),
    ),
    ok(
      'line feeds between frames are heart-beats',
      '\n\nSEND\n\nx\0\n\n\nSEND\n\ny\0\n',
      frame('SEND', {}, 'x'),
      frame('SEND', {}, 'y'),
    ),
    ok('CRLF between frames', '\r\nSEND\n\nx\0\r\n\r\nSEND\n\ny\0\r\n', frame('SEND', {}, 'x'), frame('SEND', {}, 'y')),
    ok('lines that end with CRLF', 'SEND\r\na:1\r\nb:2\r\n\r\nbody\0', frame('SEND', { a: '1', b: '2' }, 'body')),
    ok('CRLF and LF mixed', 'SEND\r\na:1\nb:2\r\n\nbody\0', frame('SEND', { a: '1', b: '2' }, 'body')),
    ok('nothing but heart-beats', '\n\r\n\n'),
    ok('nothing at all', ''),
    partial('a command without its end', 'MESS'),
    partial('headers without their end', 'MESSAGE\na:1\n'),
    partial('a body without its NUL', 'MESSAGE\n\nbo'),
    partial('a whole frame and the beginning of another', 'SEND\n\nx\0SEN', frame('SEND', {}, 'x')),
    bad('an empty command after a CR', '\rSEND\n\n\0', 'command'),
    bad('a lower-case command', 'send\n\n\0', 'command'),
    bad('an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'command'),
    bad('a TLS greeting', bytesOf([0x16, 0x03, 0x01, 0x02, 0x00, 0x0a]), 'command'),
    bad('a NUL where a frame should begin', '\0', 'command'),
    bad('a frame, then garbage', 'SEND\n\nx\0???\n', 'command', frame('SEND', {}, 'x')),
  ],
  headers: [
    ok('escapes', 'SEND\na:\\r\\n\\c\\\\\n\n\0', frame('SEND', { a: '\r\n:\\' })),
    ok('escapes in a name', 'SEND\na\\cb:1\n\n\0', frame('SEND', { 'a:b': '1' })),
    ok('an escaped backslash before a letter that would be an escape', 'SEND\na:\\\\n\n\n\0', frame('SEND', { a: '\\n' })),
    ok('the split is at the first colon, before unescaping', 'SEND\na\\cb:c:d\n\n\0', frame('SEND', { 'a:b': 'c:d' })),
    ok('CONNECT is not unescaped', 'CONNECT\npasscode:a\\nb\\\\\n\n\0', frame('CONNECT', { passcode: 'a\\nb\\\\' })),
    ok('CONNECTED is not unescaped', 'CONNECTED\nserver:a\\tb\n\n\0', frame('CONNECTED', { server: 'a\\tb' })),
    ok('STOMP is unescaped: only CONNECT and CONNECTED are excepted', 'STOMP\na:\\c\n\n\0', frame('STOMP', { a: ':' })),
    ok('the first of a repeated header counts', 'SEND\na:1\na:2\n\n\0', frame('SEND', { a: '1' })),
    ok('spaces are kept', 'SEND\n a : 1 \n\n\0', frame('SEND', { ' a ': ' 1 ' })),
    ok('names differ by case', 'SEND\nA:1\na:2\n\n\0', frame('SEND', { A: '1', a: '2' })),
    ok('an empty value', 'SEND\na:\n\n\0', frame('SEND', { a: '' })),
    ok('Russian text and an emoji', 'SEND\nимя:Ёлка 🎄\n\n\0', frame('SEND', { имя: 'Ёлка 🎄' })),
    {
      name: 'names that mean something to JavaScript',
      bytes: base64('SEND\n__proto__:1\nconstructor:2\n\n\0'),
      frames: [JSON.parse('{"command":"SEND","headers":{"__proto__":"1","constructor":"2"},"body":""}')],
    },
    bad('a line without a colon', 'SEND\nabc\n\n\0', 'header'),
    bad('an empty name', 'SEND\n:1\n\n\0', 'header'),
    bad('a CR inside a line', 'SEND\na:1\r2\n\n\0', 'header'),
    bad('a NUL inside the headers', 'SEND\na:1\0\n\n', 'header'),
    bad('an undefined escape', 'SEND\na:\\t\n\n\0', 'escape'),
    bad('an undefined escape in a name', 'SEND\na\\x:1\n\n\0', 'escape'),
    bad('a backslash at the end of a value', 'SEND\na:1\\\n\n\0', 'escape'),
    bad('a byte that is not UTF-8', bytesOf('SEND\na:', [0xff], '\n\n\0'), 'utf8'),
    bad('an overlong UTF-8 sequence', bytesOf('SEND\na:', [0xc0, 0xaf], '\n\n\0'), 'utf8'),
    bad('a surrogate as UTF-8', bytesOf('SEND\na:', [0xed, 0xa0, 0x80], '\n\n\0'), 'utf8'),
    bad('a character cut in half', bytesOf('SEND\na:', [0xd0], '\n\n\0'), 'utf8'),
    within(
      { maxHeaders: 3 },
      ok('as many headers as are allowed', 'SEND\na:1\nb:2\nc:3\n\n\0', frame('SEND', { a: '1', b: '2', c: '3' })),
    ),
    within({ maxHeaders: 3 }, bad('more headers than are allowed', 'SEND\na:1\nb:2\nc:3\nd:4\n\n\0', 'limit')),
    within({ maxHeaders: 3 }, bad('a repeated header counts as well', 'SEND\na:1\na:1\na:1\na:1\n\n\0', 'limit')),
  ],
  bodies: [
    ok(
      'content-length lets NUL into the body',
      'SEND\ncontent-length:3\n\na\0b\0',
      frame('SEND', { 'content-length': '3' }, 'a\0b'),
    ),
    ok(
      'content-length counts bytes, not characters',
      'SEND\ncontent-length:6\n\nтри\0',
      frame('SEND', { 'content-length': '6' }, 'три'),
    ),
    ok('content-length of nothing', 'SEND\ncontent-length:0\n\n\0', frame('SEND', { 'content-length': '0' })),
    ok(
      'the first content-length counts',
      'SEND\ncontent-length:2\ncontent-length:9\n\nok\0',
      frame('SEND', { 'content-length': '2' }, 'ok'),
    ),
    ok(
      'a body of frame-like text',
      'SEND\ncontent-length:12\n\nSEND\n\nx\0SEND\0',
      frame('SEND', { 'content-length': '12' }, 'SEND\n\nx\0SEND'),
    ),
    ok(
      'without content-length the body ends at the first NUL',
      'SEND\n\na\0\nSEND\n\nb\0',
      frame('SEND', {}, 'a'),
      frame('SEND', {}, 'b'),
    ),
    ok('a body keeps its line ends', 'SEND\n\n\r\n\n\r\n\0', frame('SEND', {}, '\r\n\n\r\n')),
    {
      name: 'a body need not be UTF-8',
      bytes: base64(bytesOf('SEND\n\n', [0xff, 0xfe, 0xc0], '\0')),
      frames: [{ command: 'SEND', headers: {}, body: base64([0xff, 0xfe, 0xc0]) }],
    },
    ok('DISCONNECT may carry a body: a session judges that, no parser', 'DISCONNECT\n\nx\0', frame('DISCONNECT', {}, 'x')),
    partial('a body shorter than its content-length', 'SEND\ncontent-length:5\n\nabc\0'),
    bad('a body longer than its content-length', 'SEND\ncontent-length:2\n\nabc\0', 'terminator'),
    bad('a content-length in words', 'SEND\ncontent-length:two\n\nab\0', 'content-length'),
    bad('an empty content-length', 'SEND\ncontent-length:\n\nab\0', 'content-length'),
    bad('a negative content-length', 'SEND\ncontent-length:-1\n\nab\0', 'content-length'),
    bad('a content-length with a sign', 'SEND\ncontent-length:+2\n\nab\0', 'content-length'),
    bad('a content-length with a space', 'SEND\ncontent-length: 2\n\nab\0', 'content-length'),
    bad('a content-length with a fraction', 'SEND\ncontent-length:2.0\n\nab\0', 'content-length'),
    bad('a content-length in base sixteen', 'SEND\ncontent-length:0x2\n\nab\0', 'content-length'),
    bad('a content-length past every limit', 'SEND\ncontent-length:18446744073709551617\n\n', 'limit'),
    within(
      { maxFrame: 100 },
      bad('a content-length past the limit is refused before the body', 'SEND\ncontent-length:1000\n\n', 'limit'),
    ),
    within({ maxFrame: 100 }, bad('a body past the limit', `SEND\n\n${'x'.repeat(200)}`, 'limit')),
    within({ maxFrame: 100 }, bad('a header past the limit', `SEND\na:${'x'.repeat(200)}`, 'limit')),
    within(
      { maxFrame: 100 },
      ok(
        'the limit is for each frame',
        `SEND\n\n${'x'.repeat(60)}\0SEND\n\n${'y'.repeat(60)}\0`,
        frame('SEND', {}, 'x'.repeat(60)),
        frame('SEND', {}, 'y'.repeat(60)),
      ),
    ),
  ],
};

for (const [file, cases] of Object.entries(FILES)) {
  writeFileSync(new URL(`${file}.json`, import.meta.url), `${JSON.stringify(cases, undefined, 2)}\n`);
}
