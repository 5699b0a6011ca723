import { describe, expect, it } from '@jest/globals';
import { Screens } from './screens.js';

const message = (event: string, data: object) => ({
  command: 'MESSAGE',
  headers: new Map([['event', event]]),
  body: Buffer.from(JSON.stringify(data)),
});
const popup = { title: 'ООО «Ромашка»', phone: '74951234567' };

describe('Screens', () => {
  it('records pop-ups by user', () => {
    const screens = new Screens();
    screens.hear('user1', message('call.popup', popup));
    expect(screens.showed('user1', popup)).toBe(true);
    expect(screens.showed('user2', popup)).toBe(false);
    expect(screens.showed('user1', { ...popup, title: 'Неизвестный номер' })).toBe(false);
    expect(screens.showed('user1', { ...popup, phone: '74950000000' })).toBe(false);
  });

  it('counts the users notified of a change, each once', () => {
    const screens = new Screens();
    for (const user of ['user1', 'user2', 'user2']) screens.hear(user, message('timeline.changed', { id: 'a' }));
    screens.hear('user3', message('timeline.changed', { id: 'b' }));
    expect([screens.toldOf('a'), screens.toldOf('b'), screens.toldOf('c')]).toEqual([2, 1, 0]);
  });
});
