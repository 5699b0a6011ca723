import { expect, it } from '@jest/globals';
import { upTo } from './snapshot.js';

it.each([
  ['100:110:100,103,107', '105', '100:106:100,103'],
  ['100:110:107', '105', '106:106:'],
  ['110:110:', '105', '106:106:'],
  // above the maximum safe integer of JavaScript
  [
    '9007199254740993:9007199254740999:9007199254740993',
    '9007199254740995',
    '9007199254740993:9007199254740996:9007199254740993',
  ],
])('upTo truncates %s after %s to %s', (snapshot, last, expected) => {
  expect(upTo(last, snapshot)).toBe(expected);
});
