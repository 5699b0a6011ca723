import { startOnec, type Onec, type OnecOptions } from '@sluice/emulator';
import type { LeaseRow, QueueStatus } from '@sluice/engine';
import { admin } from './api.js';
import { HostProcess } from './host.js';
import { until } from './until.js';
import { makeFolder, makeWorkspace, type Folder } from './workspace.js';

const EMPTY_LOOKS = 3;

/** More ids than any test sends events: the verdict compares every id, and the stand-in forgets the oldest ones above this number. */
const MAX_IDS = 100_000;

export interface StageOptions {
  /** Files of the workspace by their paths. They find the stand-in's address in `env.ERP_URL`. */
  readonly files: Readonly<Record<string, string>>;
  /** Variables of all hosts: which engines they use. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onec?: Partial<OnecOptions>;
  /** How many hosts; absent: one. */
  readonly hosts?: number;
}

/** Hosts, each with a folder of its own, and the 1C into which they deliver. */
export class Stage {
  private constructor(
    readonly onec: Onec,
    readonly hosts: readonly HostProcess[],
    readonly workspace: Folder,
    private readonly homes: readonly Folder[],
  ) {}

  /** Resolves when all hosts take events. */
  static async open({ files, env = {}, onec: limits, hosts: count = 1 }: StageOptions): Promise<Stage> {
    const onec = await startOnec({ port: 0, maxCalls: 10, latencyMs: 5, maxIds: MAX_IDS, ...limits });
    const workspace = makeWorkspace(files);
    const homes = Array.from({ length: count }, () => makeFolder('home'));
    const variables = { ...env, ERP_URL: `${onec.url}/base/hs/gate` };
    const hosts = homes.map((home) => new HostProcess({ workspace: workspace.path, home: home.path, env: variables }));
    const stage = new Stage(onec, hosts, workspace, homes);
    try {
      await Promise.all(hosts.map((host) => host.start()));
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** The first host, for tests that have one. */
  get host(): HostProcess {
    const [first] = this.hosts;
    if (!first) throw new Error('a stage has a host');
    return first;
  }

  /** Its address; it must be ready. */
  get url(): string {
    if (this.host.url === undefined) throw new Error('the host does not run');
    return this.host.url;
  }

  /** The hosts that take events now. */
  readonly doors = (): readonly string[] => this.hosts.flatMap((host) => host.url ?? []);

  /** The host that makes the calls of the connection `erp` now. */
  async owner(): Promise<HostProcess> {
    return until('a host to own the pace of erp', async () => {
      const [door] = this.doors();
      const { leases } = await admin<{ leases: LeaseRow[] }>(door ?? '', '/api/status');
      const lease = leases.find(({ name, live }) => name === 'pace.erp' && live);
      return this.hosts.find((host) => host.runs && lease?.holder.includes(`-${host.pid}-`));
    });
  }

  /**
   * Resolves when no message waits or is held in any queue: whatever was repeated has come and gone. They have to be empty several times in
   * a row: queues are counted one after another, and a message between two of them, or on its way to its consumer, is in no count.
   */
  async drained(): Promise<void> {
    let empty = 0;
    await until('all queues to be empty', async () => {
      const { queues } = await admin<{ queues: QueueStatus[] }>(this.url, '/api/status');
      const busy = queues.filter(({ waiting, held = 0 }) => waiting + held > 0);
      empty = busy.length === 0 && queues.length > 0 ? empty + 1 : 0;
      if (busy.length > 0) throw new Error(JSON.stringify(busy));
      return empty === EMPTY_LOOKS;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.dispose()));
    await this.onec.close();
    for (const folder of [...this.homes, this.workspace]) folder.remove();
  }
}
