import { isSluiceError, type Closable, type Host } from '@sluice/plugin-api';
import type { Config } from './config.js';
import { EventBoard, type EventHandler } from './ami/event-board.js';
import { serverFilters, type EventFilter } from './ami/filters.js';
import { textOf, type Packet } from './ami/packet.js';
import { missingReadClasses } from './ami/rights.js';
import { AmiSession, type Listing } from './ami/session.js';
import type { AmiAction } from './ami/write-action.js';
import { ami, unlessRefused } from './failures.js';

/** Narrow interface over one exchange. */
export interface AmiClient extends Closable {
  readonly config: Config;
  readonly host: Host;
  /** Such as `Asterisk at pbx:5038`, for messages. */
  readonly where: string;
  /**
   * Calls the listener with the reason when the session ends, or at once when it has ended.
   *
   * @returns a function that removes the listener: a session outlives many calls and must not keep them in memory
   */
  onEnd(listener: (reason: Error) => void): () => void;
  /** Sends an action once and resolves with its response. Rejects with a SluiceError. */
  ask(action: AmiAction, signal?: AbortSignal): Promise<Packet>;
  /** Sends an action that lists things and resolves with the response and all items. */
  list(action: AmiAction, signal?: AbortSignal): Promise<Listing>;
  /**
   * Passes the wanted events to the handler.
   *
   * @returns once the exchange sends the events, a function that removes the handler
   */
  listen(wanted: EventFilter, handler: EventHandler): Promise<() => void>;
  /**
   * Verifies that Asterisk sends these events to the user, as far as its read classes can be found out. Warns once for each session when it
   * sends only some of them.
   *
   * @throws `AMI_NO_EVENTS` when the user has none of the read classes of these events
   */
  requireEvents(events: readonly string[]): Promise<void>;
  /** Rejects when the exchange cannot be used. */
  check(): Promise<void>;
  /** Rejects when the user lacks a right without which no calls are reported. Resolves with a text for the doctor. */
  diagnose(): Promise<string>;
}

/** Names of users that can be written as an argument of a dialplan function. */
const PLAIN_NAME = /^[\w.@-]+$/;

/** A client on one session. After the end of the session the engine opens another client. */
export class SessionClient implements AmiClient {
  /** Filters that the exchange has; a session cannot remove a filter. */
  private readonly filters = new Set<string>();
  private filtered = true;
  /** The last change of the event mask: changes are sent one after another, so that the newest is in force at the end. */
  private maskChange: Promise<void> = Promise.resolve();
  /** The last event mask that Asterisk confirmed. */
  private receivesEvents = false;
  /** The value of `read` of the user at the login, since Asterisk copies the rights into the session; undefined: not known. */
  private read: string | undefined;
  /** Warnings of missing read classes that this session has reported. */
  private readonly warnings = new Set<string>();
  private endReason: Error | undefined;
  private readonly endListeners = new Set<(reason: Error) => void>();

  private constructor(
    readonly config: Config,
    readonly host: Host,
    private readonly session: AmiSession,
    private readonly board: EventBoard,
  ) {
    void session.ended.then((reason) => {
      this.endReason = reason;
      host.lost(reason);
      for (const listener of this.endListeners) listener(reason);
      this.endListeners.clear();
    });
  }

  /** Rejects as `AmiSession.open`. */
  static async open(config: Config, host: Host): Promise<AmiClient> {
    const count = host.services.meter.counter(
      'sluice_ami_missed_total',
      'Events of an exchange that arrived faster than they were processed and were dropped',
    );
    const board = new EventBoard((missed) => {
      count(missed);
      host.log.warn(`Asterisk at ${config.host}:${config.port} sent events faster than they were processed, some were dropped`, {
        missed,
      });
    });
    const client = new SessionClient(config, host, await AmiSession.open(config, board, host), board);
    // a session that ends meanwhile is reported with host.lost
    client.read = await client.readSetting().catch(() => undefined);
    return client;
  }

  get where(): string {
    return this.session.where;
  }

  onEnd(listener: (reason: Error) => void): () => void {
    if (this.endReason) {
      listener(this.endReason);
      return () => undefined;
    }
    this.endListeners.add(listener);
    return () => this.endListeners.delete(listener);
  }

  ask(action: AmiAction, signal?: AbortSignal): Promise<Packet> {
    return this.session.ask(action, signal);
  }

  list(action: AmiAction, signal?: AbortSignal): Promise<Listing> {
    return this.session.list(action, signal);
  }

  async listen(wanted: EventFilter, handler: EventHandler): Promise<() => void> {
    const remove = this.board.add(wanted, handler);
    try {
      await this.updateMask(serverFilters(wanted));
    } catch (error) {
      remove();
      throw error;
    }
    return () => {
      remove();
      void this.updateMask([]).catch(() => undefined);
    };
  }

  async requireEvents(events: readonly string[]): Promise<void> {
    if (this.read === undefined) return;
    const { missing, receivesSome } = missingReadClasses(this.read, events);
    if (missing.length === 0) return;
    const text = `${this.where}: the user "${this.config.user}" has no read class ${missing.join(' or ')} (read = ${this.read})`;
    if (receivesSome) {
      if (!events.includes('*')) this.warnOnce(`${text}, so some of the wanted events do not arrive`);
      return;
    }
    await this.renewAfterChange();
    throw ami.AMI_NO_EVENTS(`${text}, so none of the wanted events arrives`, { sent: 'no' });
  }

  async check(): Promise<void> {
    await this.session.ask({ Action: 'Ping' });
  }

  async diagnose(): Promise<string> {
    await this.requireEvents(['Newchannel']);
    await this.list({ Action: 'CoreShowChannels' });
    const { user } = this.config;
    if (this.read === undefined)
      return `can be used; the read classes of "${user}" cannot be verified: if no events arrive, add call to its \`read\` in manager.conf`;
    const { missing } = missingReadClasses(this.read, ['VarSet', 'FullyBooted']);
    return missing.length === 0 ? 'can be used' : `can be used; "${user}" has no read class ${missing.join(' and no ')}`;
  }

  close(): Promise<void> {
    return this.session.close();
  }

  /**
   * Reads `read` of the user from manager.conf with the dialplan function AST_CONFIG, which needs the write class `call` or `reporting`.
   * Asterisk has no other answer that contains read classes without the write class `command`: a mask of classes that the user lacks is
   * confirmed with `Events: On`, and `GetConfig` would send the secret, too. Both were tried on Asterisk 16.28 and 22.
   *
   * @returns undefined when the value is not known: the user may not ask, or its section is elsewhere, for example in users.conf
   */
  private async readSetting(): Promise<string | undefined> {
    const { user } = this.config;
    if (!PLAIN_NAME.test(user)) return undefined;
    // -1: the last line of several, which Asterisk uses
    const valueOf = async (name: string) => {
      const answer = await unlessRefused(this.ask({ Action: 'Getvar', Variable: `AST_CONFIG(manager.conf,${user},${name},-1)` }));
      return answer && textOf(answer, 'Value');
    };
    const read = await valueOf('read');
    if (read !== '') return read;
    // a section without `read` has no read class; without `write` it is not the section of this user, who may send Getvar
    return (await valueOf('write')) === '' ? undefined : '';
  }

  private warnOnce(text: string): void {
    if (this.warnings.has(text)) return;
    this.warnings.add(text);
    this.host.log.warn(text);
  }

  /** Ends the session when manager.conf has changed since the login: only a new login receives the new rights. */
  private async renewAfterChange(): Promise<void> {
    if ((await this.readSetting()) !== this.read) await this.close();
  }

  /** Makes the exchange send the events that are wanted now; one change after another. */
  private updateMask(filters: readonly string[]): Promise<void> {
    const change = this.maskChange.then(async () => {
      for (const filter of filters) await this.addFilter(filter);
      const wanted = !this.board.empty;
      if (this.receivesEvents === wanted) return;
      await this.session.ask({ Action: 'Events', EventMask: wanted ? 'on' : 'off' });
      // set only now: after a refusal the next listener must ask again, and be refused as well
      this.receivesEvents = wanted;
    });
    this.maskChange = change.catch(() => undefined);
    return change;
  }

  private async addFilter(filter: string): Promise<void> {
    if (!this.filtered || this.filters.has(filter)) return;
    try {
      await this.session.ask({ Action: 'Filter', Operation: 'Add', Filter: filter });
      this.filters.add(filter);
    } catch (error) {
      if (!isSluiceError(error) || !['AMI_DENIED', 'AMI_REFUSED'].includes(error.code)) throw error;
      this.filtered = false;
      this.host.log.info(`${this.where} sends all events, and the connector filters them: ${error.message}`);
    }
  }
}
