import { afterEach, describe, expect, it } from '@jest/globals';
import type { PbxOptions } from '@sluice/emulator';
import { actionContract, openPlugin, until } from '@sluice/testing';
import { exchangePeer, reaching, startExchange } from '../../test/ami-peer.js';
import { assignments } from '../ami/write-action.js';
import { channelId } from '../calls/channel-id.js';
import { plugin } from '../plugin.js';

const waive = {
  'reports an overload with the fate overload': 'Asterisk has no answer for an overload: it refuses the action',
};

actionContract(plugin, 'originate', {
  peer: exchangePeer,
  waive,
  input: { channel: 'PJSIP/102', context: 'internal', exten: '101' },
});
actionContract(plugin, 'hangup', { peer: exchangePeer, waive, input: { channel: 'PJSIP/101-00000001' } });
actionContract(plugin, 'setVariable', {
  peer: exchangePeer,
  waive,
  input: { channel: '1795351835.1', name: 'CRM_ID', value: '42' },
});
actionContract(plugin, 'redirect', {
  peer: exchangePeer,
  waive,
  input: { channel: '1795351835.0', context: 'internal', exten: '102' },
});
actionContract(plugin, 'command', { peer: exchangePeer, waive, input: { command: 'core show channels' } });

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(options: Partial<PbxOptions> = {}) {
  const pbx = await startExchange(options);
  const opened = await openPlugin(plugin, reaching(pbx));
  closing.push(
    () => pbx.close(),
    () => opened.close(),
  );
  return { pbx, ...opened };
}

describe('asterisk-ami.originate', () => {
  it('begins a call and keeps commas and quotes in variables', async () => {
    const { pbx, actions } = await open();
    const begun = await actions.originate(
      {
        channel: 'PJSIP/101',
        context: 'internal',
        exten: '89161234567',
        callerId: 'Ромашка <101>',
        variables: { NOTE: 'a, "b" (c)' },
      },
      { id: 'run-1/call' },
    );
    expect(begun).toEqual({ channelId: 'sluice-run-1-call', replayed: false });
    expect(pbx.stats().originated).toEqual([
      {
        channel: 'PJSIP/101',
        channelId: 'sluice-run-1-call',
        callerId: 'Ромашка <101>',
        variables: ['NOTE=a\\, \\"b\\" \\(c\\)', '__SLUICE_CALL=run-1/call', 'SLUICE_EXTEN=89161234567'],
      },
    ]);
  });

  it('rings nobody a second time while the first call is up', async () => {
    const { pbx, actions } = await open({ ringMs: 60_000 });
    const input = { channel: 'PJSIP/101', context: 'internal', exten: '102' };
    await actions.originate(input, { id: 'run-1/call' });
    await until('the channel', () => pbx.stats().channels === 1, 5_000);
    expect(await actions.originate(input, { id: 'run-1/call', attempt: 2 })).toMatchObject({ replayed: true });
    expect(pbx.stats().originated).toHaveLength(1);
  });

  it('rings nobody a second time after the end of the first call', async () => {
    const { pbx, actions } = await open();
    const input = { channel: 'PJSIP/101', context: 'internal', exten: '102' };
    await actions.originate(input, { id: 'run-1/call' });
    await until('the end of the call', () => pbx.stats().channels === 0, 5_000);
    expect(await actions.originate(input, { id: 'run-1/call', attempt: 2 })).toMatchObject({ replayed: true });
    expect(pbx.stats().originated).toHaveLength(1);
  });

  it('is not sent again by the client after the loss of the session', async () => {
    const { pbx, actions } = await open();
    pbx.setFault('cut');
    await expect(actions.originate({ channel: 'PJSIP/101', context: 'internal' })).rejects.toMatchObject({ code: 'AMI_CUT_OFF' });
    expect(pbx.stats().actions['Originate']).toBeUndefined();
    expect(pbx.stats().logins).toBe(1);
  });

  it('rejects a context together with an application', async () => {
    const { actions } = await open();
    await expect(actions.originate({ channel: 'PJSIP/101' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(actions.originate({ channel: 'PJSIP/101', context: 'a', application: 'Playback' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });

  it('limits the length of the channel id, as Asterisk does', () => {
    expect(channelId(`${'run/'.repeat(60)}step`).length).toBeLessThan(150);
    expect(channelId(`${'run/'.repeat(60)}step`)).not.toBe(channelId(`${'run/'.repeat(60)}stop`));
  });

  it('quotes characters at which Asterisk splits variables', () => {
    expect(assignments({ A: 'x,y', 'CDR(b)': '1\\2' })).toEqual(['A=x\\,y', 'CDR(b)=1\\\\2']);
  });
});

describe('asterisk-ami on channels', () => {
  it('hangs up, and succeeds for a call that has ended already', async () => {
    const { pbx, actions } = await open();
    pbx.incoming({ from: '7916', to: '101' });
    expect(await actions.hangup({ channel: 'PJSIP/101-00000001' })).toEqual({ found: true });
    expect(await actions.hangup({ channel: 'PJSIP/101-00000001' })).toEqual({ found: false });
  });

  it('reports the missing right', async () => {
    const { actions } = await open({ denied: ['Command'] });
    await expect(actions.command({ command: 'core show channels' })).rejects.toMatchObject({ code: 'AMI_DENIED', fate: 'fatal' });
  });

  it('rejects a value that would become another action', async () => {
    const { pbx, actions } = await open();
    pbx.incoming({ from: '7916', to: '101' });
    const value = 'x\r\n\r\nAction: Originate\r\nChannel: Local/1@premium';
    await expect(actions.setVariable({ channel: '1795351835.0', name: 'X', value })).rejects.toMatchObject({
      code: 'AMI_UNWRITABLE',
    });
    await actions.hangup({ channel: '1795351835.0' });
    expect(pbx.stats().originated).toEqual([]);
  });
});
