// Malformed STOMP input, the same for the same seed: frames of clients with errors of programs, networks and attackers.

/** Pseudo-random numbers from 0 to 1 (mulberry32, public domain). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const FRAMES = [
  'CONNECT\naccept-version:1.2\nlogin:ivanov\npasscode:ok\n\n\0',
  'STOMP\naccept-version:1.0,1.2\nlogin:ivanov\npasscode:no\nheart-beat:100,100\n\n\0',
  'SUBSCRIBE\nid:0\ndestination:/user/events\nack:client-individual\nreceipt:1\n\n\0',
  'SUBSCRIBE\nid:1\ndestination:/topic/prices\nack:client\n\n\0',
  'SUBSCRIBE\nid:2\ndestination:/user/petrov/events\n\n\0',
  'UNSUBSCRIBE\nid:1\n\n\0',
  'SEND\ndestination:/events/order.created\ncontent-length:7\nreceipt:2\n\n{"a":1}\0',
  'SEND\ndestination:/flows/price\nreply-to:/user/replies/a\n\nпривет\0',
  'SEND\r\ndestination:/events/a\r\nимя\\c:Ёлка \\n\r\n\r\nx\0\r\n',
  'BEGIN\ntransaction:t\n\n\0',
  'SEND\ndestination:/events/a\ntransaction:t\n\nx\0',
  'COMMIT\ntransaction:t\nreceipt:3\n\n\0',
  'ABORT\ntransaction:t\n\n\0',
  'ACK\nid:1\n\n\0',
  'NACK\nid:2\ntransaction:t\n\n\0',
  'DISCONNECT\nreceipt:4\n\n\0',
  '\n\r\n\n',
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
].map((text) => Buffer.from(text));

/** Bytes with a meaning in STOMP or in UTF-8, and bytes without one. */
const BYTES = [0x00, 0x0a, 0x0d, 0x3a, 0x5c, 0x41, 0x7f, 0xc0, 0xed, 0xff].map((byte) => Buffer.from([byte]));

const LENGTHS = ['-1', '0', '3', '99999999999999999999', '1073741824', '4194305', 'x', ''].map((length) =>
  Buffer.from(`SEND\ndestination:/events/a\ncontent-length:${length}\n\nabc\0`),
);

/** Returns the input of one client in pieces. */
export function hostilePieces(seed) {
  const random = randomFrom(seed);
  const upTo = (limit) => Math.floor(random() * limit);
  const oneOf = (list) => list[upTo(list.length)];
  const frames = Array.from({ length: 1 + upTo(8) }, () => oneOf(random() < 0.15 ? LENGTHS : FRAMES));
  if (random() < 0.8) frames.unshift(FRAMES[0]);
  let bytes = Buffer.concat(frames);
  for (let errors = random() < 0.3 ? 0 : 1 + upTo(3); errors > 0; errors--) bytes = damage(bytes);
  return split(bytes);

  function damage(whole) {
    const [at, end] = [upTo(whole.length), upTo(whole.length)].sort((a, b) => a - b);
    const [before, middle, after] = [whole.subarray(0, at), whole.subarray(at, end), whole.subarray(end)];
    const kinds = [
      [before, oneOf(BYTES), whole.subarray(at)],
      [before, oneOf(BYTES), whole.subarray(at + 1)],
      [before, after],
      [before, middle, middle, after],
      [before],
      [before, Buffer.alloc(upTo(40_000), oneOf(BYTES)), middle, after],
    ];
    return Buffer.concat(oneOf(kinds));
  }

  function split(whole) {
    const pieces = [];
    const maxLength = oneOf(whole.length < 2_000 ? [1, 7, 100, 100_000] : [100, 100_000]);
    for (let at = 0; at < whole.length;) {
      const length = 1 + upTo(maxLength);
      pieces.push(whole.subarray(at, at + length));
      at += length;
    }
    return pieces;
  }
}
