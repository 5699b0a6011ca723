import { createHash, randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { parseAction, valueOf, writePacket, type Action, type Fields } from './packet.js';

/** Asterisk drops a line of this length and more. */
const MAX_LINE_LENGTH = 1_024;
const BANNER = 'Asterisk Call Manager/5.0.4\r\n';

export interface SessionRules {
  readonly user: string;
  readonly secret: string;
  readonly authTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Read classes of the user, separated by commas. Asterisk 16 and 22 do not trim spaces: `system, call` grants `system` only. */
  readonly read: string;
  /** Number of bytes that are written at once; absent: all. */
  readonly splitBytes?: number;
}

export interface SessionOwner {
  readonly rules: SessionRules;
  /** Carries out an action of a logged-in session. */
  act(session: PbxSession, action: Action): void;
  /** Returns true when this login must be refused. */
  refusesLogin(): boolean;
  loggedIn(session: PbxSession): void;
  ended(session: PbxSession, why: 'closed' | 'too slow' | 'not logged in'): void;
}

/** One manager session of the exchange: login, event mask, filters, and the disconnection of a slow reader. */
export class PbxSession {
  private readonly filters: RegExp[] = [];
  private mask: ReadonlySet<string> | 'on' | 'off' = 'on';
  private challenge: string | undefined;
  private authenticated = false;
  private input = '';
  private readonly queued: Buffer[] = [];
  private writing = false;
  private slow: NodeJS.Timeout | undefined;
  private lastLook: NodeJS.Immediate | undefined;
  private readonly loginTimeout: NodeJS.Timeout;
  private readonly passesFilters: (text: string) => boolean;

  constructor(
    private readonly socket: Socket,
    private readonly owner: SessionOwner,
  ) {
    this.passesFilters = (text) => !this.filters.length || this.filters.some((filter) => filter.test(text));
    this.loginTimeout = setTimeout(() => this.end('not logged in'), owner.rules.authTimeoutMs);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.read(chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => this.end('closed'));
    this.write(Buffer.from(BANNER));
  }

  /** Answers an action with its ActionID. */
  answer(action: Action, fields: Fields): void {
    const id = valueOf(action, 'ActionID');
    const { Response, ...rest } = fields;
    this.write(writePacket({ Response, ActionID: id || undefined, ...rest }));
  }

  /** Writes an event that belongs to the answer of an action: mask and filters do not apply to it. */
  item(action: Action, fields: Fields): void {
    const { Event, ...rest } = fields;
    this.write(writePacket({ Event, ActionID: valueOf(action, 'ActionID'), ...rest }));
  }

  /** Writes an event, if mask, rights and filters of the session admit it. Returns whether it was written. */
  offer(bytes: Buffer, text: string, privilege: string): boolean {
    if (!this.authenticated || this.mask === 'off') return false;
    if (this.mask !== 'on' && !this.mask.has(privilege)) return false;
    if (!this.owner.rules.read.split(',').some((name) => name === 'all' || name === privilege)) return false;
    if (!this.passesFilters(text)) return false;
    this.write(bytes);
    return true;
  }

  addFilter(expression: string): void {
    this.filters.push(new RegExp(expression.replaceAll('[[:cntrl:]]', '[\\x00-\\x1f]'), 's'));
  }

  setMask(mask: string): void {
    const value = mask.trim().toLowerCase();
    if (value === 'on' || value === 'off') this.mask = value;
    else this.mask = new Set(value.split(',').map((name) => name.trim()));
  }

  get receivesEvents(): boolean {
    return this.mask !== 'off';
  }

  write(bytes: Buffer): void {
    const size = this.owner.rules.splitBytes ?? bytes.length;
    for (let at = 0; at < bytes.length; at += size) this.queued.push(bytes.subarray(at, at + size));
    if (!this.writing) this.writeNext();
  }

  cut(): void {
    this.socket.resetAndDestroy();
  }

  /** Writes one piece after another, each within the write timeout. */
  private writeNext(): void {
    const next = this.queued.shift();
    this.writing = next !== undefined;
    if (!next || this.socket.destroyed) return;
    this.slow = setTimeout(() => this.lookAgain(), this.owner.rules.writeTimeoutMs);
    this.socket.write(next, () => {
      clearTimeout(this.slow);
      clearImmediate(this.lastLook);
      if (this.owner.rules.splitBytes === undefined) this.writeNext();
      else setImmediate(() => this.writeNext());
    });
  }

  /** Waits for a turn of the event loop: in a process that was blocked, the timer fires before the callbacks of finished writes. */
  private lookAgain(): void {
    this.lastLook = setImmediate(() => this.end('too slow'));
  }

  private end(why: 'closed' | 'too slow' | 'not logged in'): void {
    clearTimeout(this.loginTimeout);
    clearTimeout(this.slow);
    clearImmediate(this.lastLook);
    this.owner.ended(this, why);
    this.socket.destroy();
  }

  private read(text: string): void {
    this.input += text;
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.input);
      if (!end) return;
      const packet = this.input.slice(0, end.index);
      this.input = this.input.slice(end.index + end[0].length);
      const lines = packet.split(/\r?\n/).filter((line) => line.length < MAX_LINE_LENGTH);
      this.take(parseAction(Buffer.from(lines.join('\n'), 'latin1').toString('utf8')));
    }
  }

  private take(action: Action): void {
    const name = valueOf(action, 'Action').toLowerCase();
    if (name === 'challenge') {
      this.challenge = String(randomInt(1e8, 1e9));
      return this.answer(action, { Response: 'Success', Challenge: this.challenge });
    }
    if (name === 'login') return this.logIn(action);
    if (!this.authenticated) return this.answer(action, { Response: 'Error', Message: 'Permission denied' });
    if (name === 'logoff') {
      this.answer(action, { Response: 'Goodbye', Message: 'Thanks for all the fish.' });
      return void this.socket.end();
    }
    this.owner.act(this, action);
  }

  private logIn(action: Action): void {
    if (this.owner.refusesLogin() || !this.knows(action)) {
      this.answer(action, { Response: 'Error', Message: 'Authentication failed' });
      return void this.socket.end();
    }
    clearTimeout(this.loginTimeout);
    this.authenticated = true;
    this.setMask(valueOf(action, 'Events') || 'on');
    this.answer(action, { Response: 'Success', Message: 'Authentication accepted' });
    this.owner.loggedIn(this);
  }

  private knows(action: Action): boolean {
    const { user, secret } = this.owner.rules;
    if (valueOf(action, 'Username') !== user) return false;
    if (valueOf(action, 'AuthType').toUpperCase() !== 'MD5') return valueOf(action, 'Secret') === secret;
    const key = createHash('md5').update(`${this.challenge}${secret}`).digest('hex');
    return this.challenge !== undefined && valueOf(action, 'Key') === key;
  }
}
