import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { PaceConfig } from '@sluice/flow';
import type { BackEnd } from '@sluice/pacer';

interface FromHost {
  readonly started?: true;
  readonly ack?: string;
  readonly handBack?: readonly string[];
  readonly limit?: number;
  readonly opened?: true;
  readonly closed?: string;
  readonly ended?: true;
}

interface Host {
  readonly process: ChildProcess;
  readonly held: Set<string>;
  consuming: boolean;
  limit: number;
}

export interface FleetOptions {
  readonly connection: string;
  readonly backend: BackEnd;
  /** URL of the PostgreSQL with the leases. */
  readonly database: string;
  readonly url: string;
  readonly pace: PaceConfig;
}

/**
 * Hosts as processes, and the broker from which they consume: deliveries that a dead host held go to the next one, as in RabbitMQ, and a
 * push is done only once it is acknowledged.
 */
export class Fleet {
  readonly done = new Set<string>();
  private readonly waiting: string[] = [];
  private readonly hosts = new Map<string, Host>();

  constructor(private readonly options: FleetOptions) {}

  push(ids: readonly string[]): void {
    this.waiting.push(...ids);
    this.deliver();
  }

  /**
   * Resolves when the host has opened its database and competes for the pace: a host that starts while the test stops the database would
   * end with an error.
   */
  async start(hostId: string): Promise<void> {
    const child = fork(path.join(import.meta.dirname, 'pace-host.mjs'), [JSON.stringify({ hostId, ...this.options })], {
      execArgv: [],
    });
    const host: Host = { process: child, held: new Set(), consuming: false, limit: 0 };
    this.hosts.set(hostId, host);
    child.on('exit', () => {
      host.consuming = false;
      this.takeBack(host, [...host.held]);
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`${hostId} ended before it had started`)));
      child.on('message', (message: FromHost) => {
        if (message.started) resolve();
        this.heard(host, message);
      });
    });
  }

  /** Returns the host that consumes, which is the owner of the pace. */
  owner(): string | undefined {
    return [...this.hosts].find(([, host]) => host.consuming)?.[0];
  }

  async kill(hostId: string): Promise<void> {
    await this.signal(hostId, 'SIGKILL');
  }

  freeze(hostId: string): void {
    this.hosts.get(hostId)?.process.kill('SIGSTOP');
  }

  thaw(hostId: string): void {
    this.hosts.get(hostId)?.process.kill('SIGCONT');
  }

  /** Sends SIGTERM, as an operator would, and waits until the process has ended. */
  async stop(hostId: string): Promise<void> {
    await this.signal(hostId, 'SIGTERM');
  }

  async close(): Promise<void> {
    await Promise.all([...this.hosts.keys()].map((hostId) => this.kill(hostId)));
  }

  private async signal(hostId: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.hosts.get(hostId)?.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  private heard(host: Host, message: FromHost): void {
    if (message.ack !== undefined && host.held.delete(message.ack)) this.done.add(message.ack);
    if (message.limit !== undefined) host.limit = message.limit;
    if (message.opened) host.consuming = true;
    // stop consuming before deliveries are taken back, or they would go to the same host again
    if (message.closed !== undefined || message.ended) host.consuming = false;
    this.takeBack(host, message.handBack ?? []);
  }

  private takeBack(host: Host, ids: readonly string[]): void {
    const back = ids.filter((id) => host.held.delete(id));
    this.waiting.unshift(...back);
    this.deliver();
  }

  private deliver(): void {
    for (const host of this.hosts.values()) {
      while (host.consuming && host.process.connected && host.held.size < 2 * host.limit) {
        const id = this.waiting.shift();
        if (id === undefined) return;
        host.held.add(id);
        host.process.send({ push: id });
      }
    }
  }
}
