import { getMaxListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { stopController } from './stop-controller.js';

it('lets any number listen: Node warns of a leak beyond a number that is not 0', () => {
  expect(getMaxListeners(stopController().signal)).toBe(0);
});
