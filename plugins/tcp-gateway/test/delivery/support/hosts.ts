import { afterEach } from '@jest/globals';
import { FakeHost, FakeWorkspace, type FakeServices } from '@sluice/testing';
import type { Bearer, Call } from '@sluice/plugin-api';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { broadcast } from '../../../src/broadcast.js';
import { connection } from '../../../src/config.js';
import { Gateway } from '../../../src/gateway.js';
import { send } from '../../../src/send.js';
import { RawClient } from '../../server/support/raw-client.js';
import type { Frame } from '../../../src/stomp/frame.js';
import type { Mailbox } from '../../../src/delivery/mailbox/mailbox.js';
import { MemoryMailbox } from './memory-mailbox.js';

/** One host with a gateway, used through the actions of flows and through clients. */
export interface GatewayHost {
  readonly gateway: Gateway;
  readonly services: FakeServices;
  readonly host: FakeHost;
  /** Runs the action `send` with this input. A second call with the same `call` is a repeat of the same step. */
  send(input: z.input<typeof send.input>, call?: string, more?: Partial<Call>): Promise<z.output<typeof send.output>>;
  broadcast(input: z.input<typeof broadcast.input>): Promise<unknown>;
  /** Opens a session. */
  connect(user: string, options?: ConnectOptions): Promise<Desktop>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly claims?: Partial<Bearer>;
  readonly workplace?: string;
  /** Whether to subscribe to the user's events and wait for the RECEIPT. Default true. */
  readonly subscribe?: boolean;
}

/** A desktop client that acknowledges events only on request. */
export class Desktop {
  readonly events: Frame[] = [];
  #receipts = 0;

  constructor(readonly client: RawClient) {}

  /** Sends a frame and resolves when its RECEIPT arrives. */
  async done(command: string, headers: Record<string, string> = {}, body = ''): Promise<void> {
    const receipt = `r${++this.#receipts}`;
    this.client.send(command, { ...headers, receipt }, body);
    for (;;) {
      const frame = await this.client.next();
      if (frame.command === 'ERROR') throw new Error(frame.headers.get('message'));
      if (frame.headers.get('receipt-id') === receipt) return;
      this.events.push(frame);
    }
  }

  subscribe(destination = '/user/events'): Promise<void> {
    return this.done('SUBSCRIBE', { id: destination, destination, ack: 'client-individual' });
  }

  /** Returns the next MESSAGE. */
  async next(): Promise<Frame> {
    return this.events.shift() ?? this.client.next();
  }

  async texts(count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) texts.push((await this.next()).body.toString());
    return texts;
  }

  acknowledge(frame: Frame): Promise<void> {
    return this.done('ACK', { id: frame.headers.get('ack') ?? '' });
  }

  reject(frame: Frame): Promise<void> {
    return this.done('NACK', { id: frame.headers.get('ack') ?? '' });
  }

  leave(): void {
    this.client.destroy();
  }
}

const running = new Set<GatewayHost>();

/** Closes the hosts of each test after the test. To be called once per file. */
export function closeHosts(): void {
  afterEach(async () => {
    await Promise.all([...running].map((host) => host.close()));
  });
}

export interface HostOptions {
  readonly workspace?: FakeWorkspace;
  readonly mailbox?: Mailbox;
  readonly config?: z.input<typeof connection>;
  readonly now?: () => Date;
}

export async function startHost(options: HostOptions = {}): Promise<GatewayHost> {
  const { workspace = new FakeWorkspace(), mailbox = new MemoryMailbox() } = options;
  const services = workspace.host();
  const host = new FakeHost('test', options.now ?? (() => new Date()), 'Europe/Moscow', services);
  const gateway = await Gateway.open(connection.parse(options.config ?? {}), host, mailbox);
  const desktops: Desktop[] = [];
  const started: GatewayHost = {
    gateway,
    services,
    host,
    send: async (input, call = randomUUID(), more = {}) =>
      send.run(gateway, send.input.parse(input), { ...callOf(call, host), ...more }),
    broadcast: (input) => broadcast.run(gateway, broadcast.input.parse(input), callOf(randomUUID(), host)),
    connect: async (user, { claims, workplace, subscribe = true } = {}) => {
      const passcode = workspace.issue(user, claims);
      const headers = { login: '', passcode, ...(workplace !== undefined && { 'client-id': workplace }) };
      const desktop = new Desktop(await RawClient.connect(gateway.port ?? 0, headers));
      desktops.push(desktop);
      if (subscribe) await desktop.subscribe();
      return desktop;
    },
    close: async () => {
      running.delete(started);
      for (const desktop of desktops) desktop.leave();
      await gateway.close();
    },
  };
  running.add(started);
  return started;
}

/** Returns the call of the step `show` in the run with this name. */
function callOf(name: string, host: FakeHost): Call {
  return {
    id: `${name}/show`,
    attempt: 1,
    deadline: new Date(Date.now() + 60_000),
    signal: new AbortController().signal,
    log: host.log,
    correlationid: 'caused-by',
    emit: () => undefined,
    suspend: () => Buffer.from(`token of ${name}`),
  };
}
