import { describe, expect, it } from '@jest/globals';
import { FakeWorkspace, until } from '@sluice/testing';
import { Presence, SILENCE_MS } from './presence.js';
import type { Session } from '../../server/stomp-handler.js';

let drawn = 0;
const session = (user: string, more: Partial<Session> = {}) =>
  ({ id: String(++drawn), bearer: { user }, connectedAt: 1_000, ...more }) as Session;

/** Presence as the hosts of one workspace see it, by one clock. */
function hosts() {
  const workspace = new FakeWorkspace();
  const time = { now: 1_000_000 };
  const freed: string[] = [];
  const start = (serves = true, { peers } = workspace.host()) =>
    new Presence({ peers, serves, now: () => time.now, onHostLost: (users: readonly string[]) => freed.push(...users) });
  return { start, time, freed, workspace };
}

describe('presence', () => {
  it('counts the sessions of a user over all hosts', async () => {
    const { start } = hosts();
    const [here, there] = [start(), start()];
    await until('the hosts to know each other', () => here.hasPeers && there.hasPeers);
    const office = session('ivanov');
    expect([here.add(office), here.add(session('ivanov'))]).toEqual([1, 2]);
    await until('the word', () => there.count('ivanov') === 2);
    expect(there.add(session('ivanov'))).toBe(3);
    here.remove(office);
    await until('the other word', () => there.count('ivanov') === 2);
  });

  it('is told to a host that comes later', async () => {
    const { start } = hosts();
    const here = start();
    here.add(session('ivanov'));
    const late = start();
    await until('the newcomer to know', () => late.isOnline('ivanov'));
  });

  it('says of each session where and since when it is, on whatever host', async () => {
    const { start, workspace } = hosts();
    const [one, two] = [workspace.host(), workspace.host()];
    const [here, there] = [start(true, one), start(true, two)];
    await until('the hosts to know each other', () => here.hasPeers && there.hasPeers);
    here.add(session('petrov'));
    there.add(session('ivanov', { connectedAt: 3_000, workplace: 'DESK-8' }));
    here.add(session('ivanov', { connectedAt: 2_000, workplace: 'DESK-7' }));
    await until('the word', () => here.count('ivanov') === 2);
    expect(here.online()).toEqual(['ivanov', 'petrov']);
    const ofIvanov = [
      { host: one.peers.id, since: 2_000, workplace: 'DESK-7' },
      { host: two.peers.id, since: 3_000, workplace: 'DESK-8' },
    ];
    expect(here.sessionsOf('ivanov')).toEqual(ofIvanov);
    // a newcomer knows the same from the snapshots alone
    const late = start(false);
    await until('the newcomer to know', () => late.count('ivanov') === 2 && late.isOnline('petrov'));
    expect(late.sessionsOf('ivanov')).toEqual(ofIvanov);
    expect(late.sessionsOf('petrov')).toEqual([{ host: one.peers.id, since: 1_000 }]);
  });

  it('of a host without clients is nothing, and yet it knows who is there', async () => {
    const { start } = hosts();
    const here = start();
    here.add(session('ivanov'));
    const sender = start(false);
    await until('the sender to know', () => sender.isOnline('ivanov'));
    here.add(session('petrov'));
    expect(here.hasPeers).toBe(false);
    here.announceAll();
    await until('the sender to know the other', () => sender.isOnline('petrov'));
  });

  it('ends with thirty seconds of silence, for users that are nowhere else', async () => {
    const { start, time, freed } = hosts();
    const [here, dead] = [start(), start()];
    await until('the hosts to know each other', () => here.hasPeers && dead.hasPeers);
    dead.add(session('gone'));
    dead.add(session('moved'));
    await until('the users to be known', () => here.isOnline('moved'));
    here.add(session('moved'));
    time.now += SILENCE_MS - 1;
    here.removeSilentHosts();
    expect([here.isOnline('gone'), freed]).toEqual([true, []]);
    time.now += 1;
    here.removeSilentHosts();
    expect([here.isOnline('gone'), here.isOnline('moved'), freed]).toEqual([false, true, ['gone']]);
  });

  it('of a host that ends in good order ends at once, and frees nobody', async () => {
    const { start, freed } = hosts();
    const [here, there] = [start(), start()];
    await until('the hosts to know each other', () => here.hasPeers && there.hasPeers);
    there.close();
    await until('the host to be forgotten', () => !here.hasPeers);
    expect(freed).toEqual([]);
  });
});
