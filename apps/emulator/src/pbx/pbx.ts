import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { actionName } from './actions.js';
import { fieldsOf, PbxCalls, type IncomingCall, type IncomingOrder, type Outcome } from './calls.js';
import { valueOf, writePacket, type Action, type Fields } from './packet.js';
import { PbxSession, type SessionOwner, type SessionRules } from './session.js';

export interface PbxOptions {
  /** 0: a free port. */
  readonly port: number;
  readonly host?: string;
  readonly user?: string;
  readonly secret?: string;
  /** Key and certificate as PEM texts; present: sessions are encrypted. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Delay of each response in milliseconds. */
  readonly latencyMs?: number;
  /** Number of bytes that are written at once, each time in a TCP segment of its own as far as the network allows it. */
  readonly splitBytes?: number;
  readonly authTimeoutMs?: number;
  /** Maximum time of one write; a client that reads more slowly is disconnected. */
  readonly writeTimeoutMs?: number;
  /** Time of ringing and of talking in calls that no test controls. */
  readonly ringMs?: number;
  readonly talkMs?: number;
  /** Start of the exchange in seconds since 1970: unique ids of channels begin with it. Default: now. */
  readonly bootedAt?: number;
  /** Results of calls by number; other numbers answer. */
  readonly outcomes?: Readonly<Record<string, Outcome>>;
  /** Entries of the database at the beginning: keys by family. */
  readonly database?: Readonly<Record<string, readonly string[]>>;
  /** Actions for which the user has no write class. */
  readonly denied?: readonly string[];
  /** The value of `read` of the user in manager.conf: read classes, separated by commas without spaces. Default: `all`. */
  readonly read?: string;
  /** Commands of the command line that fail. */
  readonly unknownCommands?: readonly string[];
}

/**
 * Faults of the stand-in:
 * - `ban`: the next connection is closed at once.
 * - `refuse-login`: the next login is refused.
 * - `hang`: the next action is not answered.
 * - `cut`: the next action is read, and then the session is reset.
 */
export const PBX_FAULTS = ['ban', 'refuse-login', 'hang', 'cut'] as const;

export type PbxFault = (typeof PBX_FAULTS)[number];

export interface OriginatedCall {
  readonly channel: string;
  readonly channelId: string;
  readonly callerId: string;
  readonly variables: readonly string[];
}

/** Counters of the stand-in. */
export interface PbxStats {
  /** Number of open sessions, and of logins so far. */
  readonly sessions: number;
  readonly logins: number;
  /** Clients that were disconnected because they read too slowly. */
  readonly cutOff: number;
  /** Connections without a login in time. */
  readonly notLoggedIn: number;
  /** Number of received actions by name. */
  readonly actions: Readonly<Record<string, number>>;
  readonly originated: readonly OriginatedCall[];
  /** Sent events, counted once for each session. */
  readonly events: number;
  readonly channels: number;
  /** Entries of the database by `/family/key`. */
  readonly database: Readonly<Record<string, string>>;
}

/** A running stand-in for an Asterisk. */
export interface Pbx {
  readonly host: string;
  readonly port: number;
  stats(): PbxStats;
  /** Replaces the faults to come. Each occurs once. */
  setFault(...faults: readonly PbxFault[]): void;
  /** Begins a call from outside, whose course the returned object controls. */
  incoming(order: IncomingOrder): IncomingCall;
  /** Begins a call from outside that ends without further control. Returns its Linkedid. */
  ring(order: IncomingOrder): string;
  /** Sends an event to all sessions that receive it. */
  send(event: string, fields: Fields): void;
  /** Sends bytes to all sessions unchanged. */
  sendRaw(bytes: Buffer): void;
  /** Resets all sessions and drops all calls, as a restart in the middle of calls does. */
  restart(): void;
  /** Resets all connections. Resolves once the port is free. */
  close(): Promise<void>;
}

const PRIVILEGES: Readonly<Record<string, string>> = { VarSet: 'dialplan', Newexten: 'dialplan', FullyBooted: 'system' };

/** Starts a stand-in for an Asterisk with its manager interface, incoming and originated calls, and faults. */
export async function startPbx(options: PbxOptions): Promise<Pbx> {
  const pbx = new PbxServer(options);
  await pbx.listen(options.port);
  return pbx;
}

class PbxServer implements Pbx, SessionOwner {
  readonly host: string;
  readonly rules: SessionRules;
  port = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly sessions = new Set<PbxSession>();
  private readonly calls: PbxCalls;
  /** Values by `/family/key`, the keys of Asterisk's own database. */
  private readonly database: Map<string, string>;
  private readonly actions: Record<string, number> = {};
  private readonly originated: OriginatedCall[] = [];
  private faults: PbxFault[] = [];
  private counts = { logins: 0, cutOff: 0, notLoggedIn: 0, events: 0 };

  constructor(private readonly options: PbxOptions) {
    this.host = options.host ?? '127.0.0.1';
    this.rules = {
      user: options.user ?? 'sluice',
      secret: options.secret ?? 'secret',
      authTimeoutMs: options.authTimeoutMs ?? 30_000,
      writeTimeoutMs: options.writeTimeoutMs ?? 100,
      read: options.read ?? 'all',
      ...(options.splitBytes !== undefined && { splitBytes: options.splitBytes }),
    };
    const times = { ringMs: options.ringMs ?? 20, talkMs: options.talkMs ?? 20 };
    const bootedAt = options.bootedAt ?? Math.floor(Date.now() / 1_000);
    this.calls = new PbxCalls((event, fields) => this.send(event, fields), times, bootedAt);
    const welcome = (socket: Socket) => this.welcome(socket);
    this.server = options.tls ? createTlsServer(options.tls, welcome) : createServer(welcome);
    this.database = databaseOf(options.database ?? {});
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, this.host, () => {
        this.port = (this.server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  stats(): PbxStats {
    return {
      ...this.counts,
      sessions: this.sessions.size,
      actions: { ...this.actions },
      originated: [...this.originated],
      channels: this.calls.channels.size,
      database: Object.fromEntries(this.database),
    };
  }

  setFault(...faults: readonly PbxFault[]): void {
    this.faults = [...faults];
  }

  incoming(order: IncomingOrder): IncomingCall {
    return this.calls.incoming(order);
  }

  ring(order: IncomingOrder): string {
    return this.calls.incomingUncontrolled(order, this.outcomeOf(order.to));
  }

  send(event: string, fields: Fields): void {
    const privilege = PRIVILEGES[event] ?? 'call';
    const bytes = writePacket({ Event: event, Privilege: `${privilege},all`, ...fields });
    const text = bytes.toString();
    for (const session of this.sessions) if (session.offer(bytes, text, privilege)) this.counts.events++;
  }

  sendRaw(bytes: Buffer): void {
    for (const session of this.sessions) session.write(bytes);
  }

  restart(): void {
    this.calls.forget();
    for (const session of this.sessions) session.cut();
  }

  async close(): Promise<void> {
    this.calls.forget();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  refusesLogin(): boolean {
    return this.meets('refuse-login');
  }

  loggedIn(session: PbxSession): void {
    this.counts.logins++;
    this.sessions.add(session);
    const booted = { Event: 'FullyBooted', Privilege: 'system,all', Uptime: 7, LastReload: 7, Status: 'Fully Booted' };
    const bytes = writePacket(booted);
    session.offer(bytes, bytes.toString(), 'system');
  }

  ended(session: PbxSession, why: 'closed' | 'too slow' | 'not logged in'): void {
    this.sessions.delete(session);
    if (why === 'too slow') this.counts.cutOff++;
    if (why === 'not logged in') this.counts.notLoggedIn++;
  }

  act(session: PbxSession, action: Action): void {
    const given = valueOf(action, 'Action');
    const name = actionName(given);
    if (name === undefined) {
      const message = `Invalid/unknown command: ${given}. Use Action: ListCommands to show available commands.`;
      return session.answer(action, { Response: 'Error', Message: message });
    }
    this.actions[name] = (this.actions[name] ?? 0) + 1;
    if (name !== 'Ping') {
      if (this.meets('hang')) return;
      if (this.meets('cut')) return session.cut();
    }
    const answer = () => this.answer(session, action, name);
    if (this.options.latencyMs === undefined) answer();
    else setTimeout(answer, this.options.latencyMs);
  }

  private welcome(socket: Socket): void {
    if (this.meets('ban')) return void socket.destroy();
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    new PbxSession(socket, this);
  }

  private meets(fault: PbxFault): boolean {
    if (this.faults[0] !== fault) return false;
    this.faults.shift();
    return true;
  }

  private outcomeOf(number: string): Outcome {
    return this.options.outcomes?.[number] ?? 'answer';
  }

  private answer(session: PbxSession, action: Action, name: string): void {
    if (this.options.denied?.includes(name)) return session.answer(action, { Response: 'Error', Message: 'Permission denied' });
    const done = (message: string) => session.answer(action, { Response: 'Success', Message: message });
    const refused = (message: string) => session.answer(action, { Response: 'Error', Message: message });
    const channel = this.calls.find(valueOf(action, 'Channel'));
    switch (name) {
      case 'Ping':
        return session.answer(action, { Response: 'Success', Ping: 'Pong', Timestamp: Date.now() / 1_000 });
      case 'Events':
        session.setMask(valueOf(action, 'EventMask'));
        return session.answer(action, { Response: 'Success', Events: session.receivesEvents ? 'On' : 'Off' });
      case 'Filter':
        session.addFilter(valueOf(action, 'Filter'));
        return done('Success');
      case 'CoreShowChannels':
        return this.listChannels(session, action);
      case 'Originate':
        done('Originate successfully queued');
        return this.originate(action);
      case 'Hangup':
        if (!channel) return refused('No such channel');
        done('Channel Hungup');
        return this.calls.hangUp(channel, 'answer');
      case 'Setvar':
        if (!channel) return refused('No such channel');
        done('Variable Set');
        return this.calls.setVariable(channel, valueOf(action, 'Variable'), valueOf(action, 'Value'));
      case 'Getvar': {
        const variable = valueOf(action, 'Variable');
        const setting = variable.startsWith('AST_CONFIG(') ? this.readSetting(variable) : undefined;
        if (setting !== undefined) return session.answer(action, { Response: 'Success', Variable: variable, Value: setting });
        if (!channel) return refused('No such channel');
        const values: Readonly<Record<string, Fields[string]>> = {
          'CHANNEL(state)': fieldsOf(channel).ChannelStateDesc,
          'CALLERID(dnid)': channel.dialled,
        };
        return session.answer(action, { Response: 'Success', Variable: variable, Value: values[variable] ?? '' });
      }
      case 'Redirect':
        return channel ? done('Redirect successful') : refused('Channel does not exist');
      case 'BridgeList':
        return this.listBridges(session, action);
      case 'Command':
        if (this.options.unknownCommands?.includes(valueOf(action, 'Command')))
          return session.answer(action, {
            Response: 'Error',
            Message: 'Command output follows',
            Output: `No such command '${valueOf(action, 'Command')}'`,
          });
        return session.answer(action, {
          Response: 'Success',
          Message: 'Command output follows',
          Output: ['0 active channels', `${valueOf(action, 'Command')}: done`],
        });
      case 'DBGet':
        return this.readDatabase(session, action);
      case 'DBPut':
        this.database.set(entryOf(action), valueOf(action, 'Val'));
        return done('Updated database successfully');
      case 'DBDelTree':
        return this.deleteFamily(valueOf(action, 'Family'))
          ? done('Key tree deleted successfully')
          : refused('Database entry not found');
      case 'DBDel':
        return this.database.delete(entryOf(action)) ? done('Key deleted successfully') : refused('Database entry not found');
      default:
        return refused(`The stand-in does not carry out ${name}`);
    }
  }

  /**
   * Returns the value of a setting in manager.conf, or an empty text when the file or the section has no such setting, as Asterisk does.
   */
  private readSetting(variable: string): string {
    const { user, read } = this.rules;
    const settings: Readonly<Record<string, string>> = {
      [`AST_CONFIG(manager.conf,${user},read,-1)`]: read,
      [`AST_CONFIG(manager.conf,${user},write,-1)`]: 'all',
    };
    return settings[variable] ?? '';
  }

  private listChannels(session: PbxSession, action: Action): void {
    const channels = [...this.calls.channels.values()];
    session.answer(action, { Response: 'Success', EventList: 'start', Message: 'Channels will follow' });
    for (const channel of channels)
      session.item(action, {
        Event: 'CoreShowChannel',
        ...fieldsOf(channel),
        // a dialled channel runs no dialplan
        Application: channel.dialled === '' ? 'AppDial' : 'Dial',
        Duration: '00:00:01',
        BridgeId: channel.bridge ?? '',
      });
    session.item(action, { Event: 'CoreShowChannelsComplete', EventList: 'Complete', ListItems: channels.length });
  }

  private listBridges(session: PbxSession, action: Action): void {
    const bridges = new Set([...this.calls.channels.values()].flatMap(({ bridge }) => bridge ?? []));
    session.answer(action, { Response: 'Success', EventList: 'start', Message: 'Bridge listing will follow' });
    for (const bridge of bridges)
      session.item(action, {
        Event: 'BridgeListItem',
        BridgeUniqueid: bridge,
        BridgeType: 'basic',
        BridgeTechnology: 'simple_bridge',
      });
    session.item(action, { Event: 'BridgeListComplete', EventList: 'Complete', ListItems: bridges.size });
  }

  private originate(action: Action): void {
    const channel = valueOf(action, 'Channel');
    const order = {
      channel,
      channelId: valueOf(action, 'ChannelId'),
      callerId: valueOf(action, 'CallerID'),
      variables: action.get('variable') ?? [],
    };
    this.originated.push(order);
    const more = { actionId: valueOf(action, 'ActionID'), context: valueOf(action, 'Context'), exten: valueOf(action, 'Exten') };
    this.calls.originate({ ...order, ...more }, (number) => this.outcomeOf(number));
  }

  private deleteFamily(family: string): boolean {
    const entries = [...this.database.keys()].filter((entry) => entry.startsWith(`/${family}/`));
    for (const entry of entries) this.database.delete(entry);
    return entries.length > 0;
  }

  private readDatabase(session: PbxSession, action: Action): void {
    const value = this.database.get(entryOf(action));
    if (value === undefined) return session.answer(action, { Response: 'Error', Message: 'Database entry not found' });
    session.answer(action, { Response: 'Success', EventList: 'start', Message: 'Result will follow' });
    session.item(action, {
      Event: 'DBGetResponse',
      Family: valueOf(action, 'Family'),
      Key: valueOf(action, 'Key'),
      Val: value,
    });
    session.item(action, { Event: 'DBGetComplete', EventList: 'Complete', ListItems: 1 });
  }
}

function databaseOf(given: Readonly<Record<string, readonly string[]>>): Map<string, string> {
  return new Map(Object.entries(given).flatMap(([family, keys]) => keys.map((key) => [`/${family}/${key}`, '1'])));
}

function entryOf(action: Action): string {
  return `/${valueOf(action, 'Family')}/${valueOf(action, 'Key')}`;
}
