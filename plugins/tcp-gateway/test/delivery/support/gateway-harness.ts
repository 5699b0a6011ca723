import type { DesktopGatewayHarness, DesktopMessageView, FakeWorkspace, TestDesktop } from '@sluice/testing';
import { until } from '@sluice/testing';
import type { Mailbox } from '../../../src/delivery/mailbox/mailbox.js';
import type { Frame } from '../../../src/stomp/frame.js';
import { RawClient } from '../../server/support/raw-client.js';
import { startHost, type GatewayHost } from './hosts.js';

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** A client over a socket, as the contract suite of gateways uses it. */
class SocketDesktop implements TestDesktop {
  readonly received: DesktopMessageView[] = [];
  /** Header `ack` of received messages by `message-id`. */
  readonly #acks = new Map<string, string>();
  readonly #receipts = new Set<string>();
  #drawn = 0;
  #refusal: Refusal | undefined;

  private constructor(private readonly client: RawClient) {
    void this.#read();
  }

  static async open(port: number, headers: Readonly<Record<string, string>>): Promise<SocketDesktop> {
    const desktop = new SocketDesktop(await RawClient.connect(port, headers));
    await desktop.subscribe('/user/events');
    return desktop;
  }

  subscribe(destination: string): Promise<void> {
    return this.#done('SUBSCRIBE', { id: destination, destination, ack: 'client-individual' });
  }

  unsubscribe(destination: string): Promise<void> {
    return this.#done('UNSUBSCRIBE', { id: destination });
  }

  send(destination: string, data: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#done('SEND', { ...headers, destination, 'content-type': 'application/json' }, JSON.stringify(data));
  }

  acknowledge({ id }: DesktopMessageView): Promise<void> {
    return this.#done('ACK', { id: this.#acks.get(id) ?? '' });
  }

  async leave(): Promise<void> {
    this.client.destroy();
  }

  async #done(command: string, headers: Readonly<Record<string, string>>, body = ''): Promise<void> {
    const receipt = `r${++this.#drawn}`;
    this.client.send(command, { ...headers, receipt }, body);
    await until('the receipt', () => this.#receipts.has(receipt) || this.#refusal !== undefined || this.client.closed, 15_000);
    if (this.#receipts.has(receipt)) return;
    throw Object.assign(new Error(this.#refusal?.message ?? 'the session has closed'), { code: this.#refusal?.code });
  }

  async #read(): Promise<void> {
    for (;;) {
      const frame = await this.client.next().catch(() => undefined);
      if (!frame) return;
      this.#take(frame);
    }
  }

  #take({ command, headers, body }: Frame): void {
    const header = (name: string) => headers.get(name) ?? '';
    if (command === 'RECEIPT') this.#receipts.add(header('receipt-id'));
    if (command === 'ERROR') this.#refusal = { code: header('code'), message: header('message') };
    if (command !== 'MESSAGE') return;
    const id = header('message-id');
    this.#acks.set(id, header('ack'));
    const correlationid = headers.get('correlation-id');
    this.received.push({
      destination: header('destination'),
      id,
      event: header('event'),
      data: body.length > 0 ? (JSON.parse(body.toString()) as unknown) : undefined,
      ...(correlationid !== undefined && { correlationid }),
    });
  }
}

/**
 * Starts hosts with gateways for the contract suite. Clients connect to them over sockets.
 *
 * @param mailboxOf opens the mailbox of one more host.
 */
export function gatewayHarness(workspace: FakeWorkspace, mailboxOf: () => Promise<Mailbox>): DesktopGatewayHarness {
  const hosts: GatewayHost[] = [];
  const desktops: SocketDesktop[] = [];
  return {
    open: async () => {
      const host = await startHost({ workspace, mailbox: await mailboxOf() });
      hosts.push(host);
      await until('the hosts to know each other', () => hosts.length === 1 || hosts.every(({ gateway }) => gateway.hasPeers));
      return {
        gateway: host.gateway.forPlugins,
        connect: async (sub, { workplace, claims } = {}) => {
          const headers = {
            login: '',
            passcode: workspace.issue(sub, claims),
            ...(workplace !== undefined && { 'client-id': workplace }),
          };
          const desktop = await SocketDesktop.open(host.gateway.port ?? 0, headers);
          desktops.push(desktop);
          return desktop;
        },
      };
    },
    close: async () => {
      for (const desktop of desktops) await desktop.leave();
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}
