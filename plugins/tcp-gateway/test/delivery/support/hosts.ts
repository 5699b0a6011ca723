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
import { MemoryMailbox } from './memory-mailbox.js';

/** One host with a gateway, as flows and clients see it. */
export interface GatewayHost {
  readonly gateway: Gateway;
  readonly services: FakeServices;
  readonly host: FakeHost;
  /** As a step with this input. `call` names it: the same name is a repeat. */
  send(input: z.input<typeof send.input>, call?: string, more?: Partial<Call>): Promise<z.output<typeof send.output>>;
  broadcast(input: z.input<typeof broadcast.input>): Promise<unknown>;
  /** A client that was let in. */
  connect(user: string, options?: ConnectOptions): Promise<Desktop>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly claims?: Partial<Bearer>;
  readonly workplace?: string;
  /** Subscribes to the user's events and waits until that is done; absent: yes. */
  readonly subscribe?: boolean;
}

/** A desktop client: acknowledges nothing by itself. */
export class Desktop {
  readonly events: Frame[] = [];
  #receipts = 0;

  constructor(readonly client: RawClient) {}

  /** Sends a frame and resolves when the server has carried it out. */
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

  /** The next MESSAGE. */
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

/** Closes every host of a test after it. Call it once in a file of tests. */
export function closeHosts(): void {
  afterEach(async () => {
    await Promise.all([...running].map((host) => host.close()));
  });
}

export interface HostOptions {
  readonly workspace?: FakeWorkspace;
  readonly mailbox?: MemoryMailbox;
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
      const desktop = new Desktop(await RawClient.letIn(gateway.port ?? 0, headers));
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

/** A call of the step `show` in a run that this name stands for. */
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
