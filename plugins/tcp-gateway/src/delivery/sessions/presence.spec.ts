import { describe, expect, it } from '@jest/globals';
import { FakeWorkspace, until } from '@sluice/testing';
import { Presence, SILENCE_MS } from './presence.js';
import type { Session } from '../../server/stomp-handler.js';

let lastId = 0;
const session = (user: string, more: Partial<Session> = {}) =>
  ({ id: String(++lastId), bearer: { user }, connectedAt: 1_000, ...more }) as Session;

/** Starts the presence of several hosts of one workspace, which share one clock. */
function hosts() {
  const workspace = new FakeWorkspace();
  const time = { now: 1_000_000 };
  const lost: string[] = [];
  const start = (serves = true, { peers } = workspace.host()) =>
    new Presence({ peers, serves, monotonic: () => time.now, onHostLost: (users: readonly string[]) => lost.push(...users) });
  return { start, time, lost, workspace };
}

describe('presence', () => {
  it('counts the sessions of a user over all hosts', async () => {
    const { start } = hosts();
    const [here, there] = [start(), start()];
    await until('the hosts to know each other', () => here.hasPeers && there.hasPeers);
    const office = session('ivanov');
    expect([here.add(office), here.add(session('ivanov'))]).toEqual([1, 2]);
    await until('the presence message', () => there.count('ivanov') === 2);
    expect(there.add(session('ivanov'))).toBe(3);
    here.remove(office);
    await until('the message about the end of a session', () => there.count('ivanov') === 2);
  });

  it('is sent to a host that starts later', async () => {
    const { start } = hosts();
    const here = start();
    here.add(session('ivanov'));
    const late = start();
    await until('the snapshot', () => late.isOnline('ivanov'));
  });

  it('contains host, workplace and start of each session of all hosts', async () => {
    const { start, workspace } = hosts();
    const [one, two] = [workspace.host(), workspace.host()];
    const [here, there] = [start(true, one), start(true, two)];
    await until('the hosts to know each other', () => here.hasPeers && there.hasPeers);
    here.add(session('petrov'));
    there.add(session('ivanov', { connectedAt: 3_000, workplace: 'DESK-8' }));
    here.add(session('ivanov', { connectedAt: 2_000, workplace: 'DESK-7' }));
    await until('the presence message', () => here.count('ivanov') === 2);
    expect(here.online()).toEqual(['ivanov', 'petrov']);
    const ofIvanov = [
      { host: one.peers.id, since: 2_000, workplace: 'DESK-7' },
      { host: two.peers.id, since: 3_000, workplace: 'DESK-8' },
    ];
    expect(here.sessionsOf('ivanov')).toEqual(ofIvanov);
    // a new host receives the same sessions in the snapshots
    const late = start(false);
    await until('the snapshots', () => late.count('ivanov') === 2 && late.isOnline('petrov'));
    expect(late.sessionsOf('ivanov')).toEqual(ofIvanov);
    expect(late.sessionsOf('petrov')).toEqual([{ host: one.peers.id, since: 1_000 }]);
  });

  it('reports no sessions of a host without clients, and that host knows the users of other hosts', async () => {
    const { start } = hosts();
    const here = start();
    here.add(session('ivanov'));
    const sender = start(false);
    await until('the snapshot', () => sender.isOnline('ivanov'));
    here.add(session('petrov'));
    expect(here.hasPeers).toBe(false);
    here.announceAll();
    await until('the next snapshot', () => sender.isOnline('petrov'));
  });

  it('removes a host after thirty seconds of silence, and reports its users that are on no other host', async () => {
    const { start, time, lost } = hosts();
    const [here, silent] = [start(), start()];
    await until('the hosts to know each other', () => here.hasPeers && silent.hasPeers);
    silent.add(session('gone'));
    silent.add(session('moved'));
    await until('the users to be known', () => here.isOnline('moved'));
    here.add(session('moved'));
    time.now += SILENCE_MS - 1;
    here.removeSilentHosts();
    expect([here.isOnline('gone'), lost]).toEqual([true, []]);
    time.now += 1;
    here.removeSilentHosts();
    expect([here.isOnline('gone'), here.isOnline('moved'), lost]).toEqual([false, true, ['gone']]);
  });

  it('removes a host at once when it stops normally, and reports no user as lost', async () => {
    const { start, lost } = hosts();
    const [here, there] = [start(), start()];
    await until('the hosts to know each other', () => here.hasPeers && there.hasPeers);
    there.close();
    await until('the host to be removed', () => !here.hasPeers);
    expect(lost).toEqual([]);
  });
});
