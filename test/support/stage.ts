import { startOnec, type Onec, type OnecOptions } from '@sluice/emulator';
import type { LeaseRow, QueueStatus } from '@sluice/engine';
import { admin } from './api.js';
import { HostProcess } from './host.js';
import { PATIENCE_MS, until } from './until.js';
import { makeFolder, makeWorkspace, type Folder } from './workspace.js';

const EMPTY_LOOKS = 3;

/** More ids than any test sends events: the verdict compares every id, and the stand-in forgets the oldest ones above this number. */
const MAX_IDS = 100_000;

export interface StageOptions {
  /** Files of the workspace by path. The variable `ERP_URL` contains the address of the emulated 1C. */
  readonly files: Readonly<Record<string, string>>;
  /** Variables of all hosts: which engines they use. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onec?: Partial<OnecOptions>;
  /** Number of hosts; absent: one. */
  readonly hosts?: number;
  /** One host for each entry, from that checkout; undefined: from this one. Replaces `hosts`. */
  readonly checkouts?: readonly (string | undefined)[];
}

/** Hosts, each with its own folder, and the emulated 1C that they call. */
export class Stage {
  private constructor(
    readonly onec: Onec,
    readonly hosts: readonly HostProcess[],
    readonly workspace: Folder,
    private readonly homes: readonly Folder[],
  ) {}

  /** Resolves when all hosts accept events. */
  static async open({
    files,
    env = {},
    onec: limits,
    hosts: count = 1,
    checkouts = new Array<undefined>(count).fill(undefined),
  }: StageOptions): Promise<Stage> {
    const onec = await startOnec({ port: 0, maxCalls: 10, latencyMs: 5, maxIds: MAX_IDS, ...limits });
    const workspace = makeWorkspace(files);
    const homes = checkouts.map(() => makeFolder('home'));
    const variables = { ...env, ERP_URL: `${onec.url}/base/hs/gate` };
    const hosts = homes.map((home, n) => {
      const checkout = checkouts[n];
      return new HostProcess({
        workspace: workspace.path,
        home: home.path,
        env: variables,
        ...(checkout !== undefined && { checkout }),
      });
    });
    const stage = new Stage(onec, hosts, workspace, homes);
    try {
      await Promise.all(hosts.map((host) => host.start()));
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** The first host, for tests with one host. */
  get host(): HostProcess {
    const [first] = this.hosts;
    if (!first) throw new Error('a stage has a host');
    return first;
  }

  /** Base URL of the first host. Throws while the host is not ready. */
  get url(): string {
    if (this.host.url === undefined) throw new Error('the host does not run');
    return this.host.url;
  }

  /** Returns the URLs of the hosts that accept events now. */
  readonly doors = (): readonly string[] => this.hosts.flatMap((host) => host.url ?? []);

  /** Resolves with the host that has the lease; absent: the lease of the pace of the connection `erp`. */
  async owner(name = 'pace.erp'): Promise<HostProcess> {
    return until(`a host to have the lease ${name}`, async () => {
      const [door] = this.doors();
      const { leases } = await admin<{ leases: LeaseRow[] }>(door ?? '', '/api/status');
      const lease = leases.find((one) => one.name === name && one.live);
      return this.hosts.find((host) => host.runs && lease?.holder.includes(`-${host.pid}-`));
    });
  }

  /**
   * Resolves when no queue has waiting or held messages, so that all repeats are complete. The queues must be empty several times in
   * succession: they are counted one after another, and a message in transit between two queues is not counted.
   */
  async drained(withinMs = PATIENCE_MS): Promise<void> {
    let empty = 0;
    await until(
      'all queues to be empty',
      async () => {
        const { queues } = await admin<{ queues: QueueStatus[] }>(this.url, '/api/status');
        const busy = queues.filter(({ waiting, held = 0 }) => waiting + held > 0);
        empty = busy.length === 0 && queues.length > 0 ? empty + 1 : 0;
        if (busy.length > 0) throw new Error(JSON.stringify(busy));
        return empty === EMPTY_LOOKS;
      },
      withinMs,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.dispose()));
    await this.onec.close();
    for (const folder of [...this.homes, this.workspace]) folder.remove();
  }
}
