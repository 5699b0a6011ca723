import type { Fields } from './packet.js';

/** Result of a call to a number. */
export type Outcome = 'answer' | 'busy' | 'noanswer' | 'congestion' | 'unallocated';

/**
 * DialStatus, hang-up cause with its text, and Reason of OriginateResponse, as Asterisk 16.28 and 22.10 write them: the reason is 0 for a
 * busy number and for congestion.
 */
const ENDINGS = {
  answer: { status: 'ANSWER', cause: 16, text: 'Normal Clearing', reason: 4 },
  busy: { status: 'BUSY', cause: 17, text: 'User busy', reason: 0 },
  noanswer: { status: 'NOANSWER', cause: 0, text: 'Unknown', reason: 3 },
  congestion: { status: 'CONGESTION', cause: 34, text: 'Circuit/channel congestion', reason: 0 },
  unallocated: { status: 'CHANUNAVAIL', cause: 1, text: 'Unallocated (unassigned) number', reason: 0 },
} as const satisfies Record<Outcome, { status: string; cause: number; text: string; reason: number }>;

const STATES = { 0: 'Down', 4: 'Ring', 5: 'Ringing', 6: 'Up' } as const;
const UNKNOWN = '<unknown>';

export interface Channel {
  readonly name: string;
  readonly uniqueid: string;
  readonly linkedid: string;
  readonly context: string;
  readonly exten: string;
  readonly number: string;
  readonly callerName: string;
  /** The number with which the channel dialled into the exchange; empty for a channel that the exchange made. */
  readonly dialled: string;
  state: keyof typeof STATES;
  bridge?: string;
}

export interface IncomingOrder {
  readonly from: string;
  readonly fromName?: string;
  /** The number that the caller dialled. */
  readonly did?: string;
  /** The extension that rings. */
  readonly to: string;
}

export interface OriginateOrder {
  readonly actionId: string;
  readonly channel: string;
  readonly channelId: string;
  readonly context: string;
  /** The extension where the dialplan continues; it dials the extension when it is a number. */
  readonly exten: string;
  readonly callerId: string;
  readonly variables: readonly string[];
}

/** A call from outside whose course a test controls. */
export interface IncomingCall {
  readonly linkedid: string;
  answer(): void;
  /** Makes a blind transfer in the name of the telephone that is connected with the caller. */
  transfer(to: string): void;
  setVariable(name: string, value: string): void;
  hangUp(outcome?: Outcome): void;
}

/** Keeps the channels of an exchange and emits their events. */
export class PbxCalls {
  readonly channels = new Map<string, Channel>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private lastNumber = 0;

  constructor(
    private readonly emit: (event: string, fields: Fields) => void,
    private readonly times: { readonly ringMs: number; readonly talkMs: number },
    private readonly bootedAt: number,
  ) {}

  /** Begins a call from a trunk and rings an extension. */
  incoming({ from, fromName = '', did = '74950000000', to }: IncomingOrder): IncomingCall {
    const caller = this.open({
      tech: 'PJSIP',
      peer: 'trunk',
      context: 'from-trunk',
      exten: did,
      number: from,
      callerName: fromName,
      dialled: did,
      state: 4,
    });
    let leg = this.ring(caller, to);
    return {
      linkedid: caller.linkedid,
      answer: () => this.answer(caller, leg),
      transfer: (target) => {
        this.emit('BlindTransfer', {
          Result: 'Success',
          ...fieldsOf(leg, 'Transferer'),
          ...fieldsOf(caller, 'Transferee'),
          IsExternal: 'No',
          Context: 'internal',
          Extension: target,
        });
        this.hangUp(leg, 'answer');
        leg = this.ring(caller, target);
      },
      setVariable: (name, value) => this.setVariable(caller, name, value),
      hangUp: (outcome = 'answer') => {
        if (leg.state !== 6) this.dialEnd(leg, outcome, caller);
        this.hangUp(leg, outcome);
        // a caller that reaches nobody hangs up normally
        this.hangUp(caller, outcome === 'noanswer' ? 'answer' : outcome);
      },
    };
  }

  /** Begins a call from outside that rings, is answered and ends without further control. Returns its Linkedid. */
  incomingUncontrolled(order: IncomingOrder, outcome: Outcome): string {
    const call = this.incoming(order);
    this.later(this.times.ringMs, () => {
      if (outcome !== 'answer') return call.hangUp(outcome);
      call.answer();
      this.later(this.times.talkMs, () => call.hangUp());
    });
    return call.linkedid;
  }

  /** Carries out `Originate` with `Async: true`. */
  originate(order: OriginateOrder, outcomeOf: (number: string) => Outcome): void {
    const [tech = '', peer = ''] = order.channel.split('/');
    const { context, exten } = order;
    const answered = (fields: Fields) =>
      this.emit('OriginateResponse', { ActionID: order.actionId, ...fields, Context: context, Exten: exten });
    if (this.channels.has(order.channelId)) {
      return answered({ Response: 'Failure', Channel: order.channel, Reason: 0, Uniqueid: '<unknown>' });
    }
    const outcome = outcomeOf(peer.replace(/@.*$/, ''));
    const number = numberIn(order.callerId);
    const ids = order.channelId === '' ? {} : { uniqueid: order.channelId };
    const name = peer.includes('@') && tech !== 'Local' ? peer.slice(peer.indexOf('@') + 1) : peer;
    const fields = { tech, peer: name, context: 'from-internal', exten: 's', number, callerName: '', dialled: '' };
    const channel = this.open({ ...fields, state: 0, ...ids });
    for (const variable of order.variables) {
      const equals = variable.indexOf('=');
      const value = variable.slice(equals + 1).replaceAll(/\\(.)/g, '$1');
      this.setVariable(channel, variable.slice(0, equals), value);
    }
    this.emit('DialBegin', { ...fieldsOf(channel, 'Dest'), DialString: peer });
    this.later(this.times.ringMs, () => {
      const fields = { Channel: channel.name, Reason: ENDINGS[outcome].reason, Uniqueid: channel.uniqueid, CallerIDNum: number };
      if (outcome === 'answer') this.up(channel);
      this.dialEnd(channel, outcome);
      if (outcome !== 'answer') this.hangUp(channel, outcome);
      answered({ Response: outcome === 'answer' ? 'Success' : 'Failure', ...fields });
      if (outcome === 'answer') this.continueDialplan(channel, exten, outcomeOf(exten));
    });
  }

  /** Continues in the dialplan after the answer of an originated channel: dials the extension, or talks to the channel. */
  private continueDialplan(channel: Channel, exten: string, outcome: Outcome): void {
    if (!/^\+?\d+$/.test(exten)) return this.later(this.times.talkMs, () => this.hangUp(channel, 'answer'));
    const leg = this.ring(channel, exten);
    this.later(this.times.ringMs, () => {
      if (outcome === 'answer') this.answer(channel, leg);
      else this.dialEnd(leg, outcome, channel);
      this.later(outcome === 'answer' ? this.times.talkMs : 0, () => {
        this.hangUp(leg, outcome);
        this.hangUp(channel, outcome);
      });
    });
  }

  /** Emits `VarSet`, whose value Asterisk escapes as the language C does. */
  setVariable(channel: Channel, name: string, value: string): void {
    this.emit('VarSet', { ...fieldsOf(channel), Variable: name, Value: value.replaceAll(/[\\'"?]/g, '\\$&') });
  }

  /** Returns the channel with this name or unique id; Asterisk accepts both. */
  find(nameOrId: string): Channel | undefined {
    return this.channels.get(nameOrId) ?? [...this.channels.values()].find(({ name }) => name === nameOrId);
  }

  hangUp(channel: Channel, outcome: Outcome): void {
    if (!this.channels.delete(channel.uniqueid)) return;
    const { cause, text } = ENDINGS[outcome];
    if (channel.bridge !== undefined) this.emit('BridgeLeave', { BridgeUniqueid: channel.bridge, ...fieldsOf(channel) });
    this.emit('Hangup', { ...fieldsOf(channel), Cause: cause, 'Cause-txt': text });
  }

  /** Drops all channels without an event, as a restart does. */
  forget(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.channels.clear();
  }

  private ring(caller: Channel, to: string): Channel {
    const leg = this.open({
      tech: 'PJSIP',
      peer: to,
      context: 'internal',
      exten: '',
      number: to,
      callerName: '',
      dialled: '',
      state: 0,
      linkedid: caller.linkedid,
    });
    this.emit('DialBegin', { ...fieldsOf(caller), ...fieldsOf(leg, 'Dest'), DialString: `${to}/sip:${to}@10.0.0.${to.length}` });
    leg.state = 5;
    this.emit('Newstate', fieldsOf(leg));
    return leg;
  }

  private answer(caller: Channel, leg: Channel): void {
    this.up(leg);
    this.dialEnd(leg, 'answer', caller);
    if (caller.state !== 6) this.up(caller);
    const bridge = { BridgeUniqueid: `bridge-${leg.uniqueid}`, BridgeType: 'basic', BridgeTechnology: 'simple_bridge' };
    for (const [at, channel] of [leg, caller].entries()) {
      channel.bridge = bridge.BridgeUniqueid;
      this.emit('BridgeEnter', { ...bridge, BridgeNumChannels: at + 1, ...fieldsOf(channel) });
    }
  }

  private up(channel: Channel): void {
    channel.state = 6;
    this.emit('Newstate', fieldsOf(channel));
  }

  private dialEnd(leg: Channel, outcome: Outcome, caller?: Channel): void {
    this.emit('DialEnd', { ...(caller && fieldsOf(caller)), ...fieldsOf(leg, 'Dest'), DialStatus: ENDINGS[outcome].status });
  }

  private open(
    given: Omit<Channel, 'name' | 'uniqueid' | 'linkedid'> & {
      readonly tech: string;
      readonly peer: string;
      readonly uniqueid?: string;
      readonly linkedid?: string;
    },
  ): Channel {
    const { tech, peer, ...rest } = given;
    const number = this.lastNumber++;
    const uniqueid = given.uniqueid ?? `${this.bootedAt}.${number}`;
    const name = `${tech}/${peer}-${number.toString(16).padStart(8, '0')}`;
    const channel: Channel = { ...rest, name, uniqueid, linkedid: given.linkedid ?? uniqueid };
    this.channels.set(uniqueid, channel);
    this.emit('Newchannel', fieldsOf(channel));
    return channel;
  }

  private later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, ms);
    this.timers.add(timer);
  }
}

/** Returns the fields of a channel, which Asterisk writes into each of its events; those of a second channel have a prefix. */
export function fieldsOf(channel: Channel, prefix = ''): Fields {
  const fields: Fields = {
    Channel: channel.name,
    ChannelState: channel.state,
    ChannelStateDesc: STATES[channel.state],
    CallerIDNum: channel.number || UNKNOWN,
    CallerIDName: channel.callerName || UNKNOWN,
    ConnectedLineNum: UNKNOWN,
    ConnectedLineName: UNKNOWN,
    Language: 'ru',
    AccountCode: '',
    Context: channel.context,
    Exten: channel.exten,
    Priority: 1,
    Uniqueid: channel.uniqueid,
    Linkedid: channel.linkedid,
  };
  return prefix === '' ? fields : Object.fromEntries(Object.entries(fields).map(([key, value]) => [prefix + key, value]));
}

/** Returns the number of `"Name" <number>`, or the text itself. */
function numberIn(callerId: string): string {
  return /<(.*)>/.exec(callerId)?.[1] ?? callerId;
}
