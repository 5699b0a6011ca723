import { setTimeout as pause } from 'node:timers/promises';
import type { HostStatus } from '@sluice/admin-contract';
import { describeWorkspace } from '@sluice/host';
import type { Command } from 'commander';
import { openHostApi } from '../admin/operator.js';
import { stopRequest } from '../host/stop-request.js';
import { addFormat, wantsJson, type Format } from '../options.js';
import { oneLine, paint } from '../terminal/paint.js';
import { print, printJson } from '../terminal/print.js';
import { headedTable } from '../terminal/table.js';
import { ago } from '../terminal/words.js';

const WATCH_MS = 1_000;
/** Maximum number of schedules in the table. */
const MAX_SCHEDULES_SHOWN = 20;
/** Moves the cursor to the upper left corner and clears the screen. */
const CLEAR = '\u001B[H\u001B[2J';

type Connection = HostStatus['connections'][number];
type Pace = HostStatus['paces'][string];

export function addStatus(command: Command): void {
  addFormat(command.option('--watch', 'refresh each second')).action(
    async ({ watch = false, ...format }: { watch?: boolean } & Format) => {
      const { admin } = await openHostApi();
      const look = async () => {
        const status = await admin.status({});
        if (wantsJson(format)) return printJson(status);
        if (watch && process.stdout.isTTY) process.stdout.write(CLEAR);
        print(statusText(status, new Date()));
      };
      await look();
      if (!watch) return;
      const stop = stopRequest();
      while (!stop.aborted) {
        await pause(WATCH_MS, undefined, { signal: stop }).catch(() => undefined);
        if (!stop.aborted) await look();
      }
    },
  );
}

/** @param now the current time, for the age of waiting calls */
export function statusText(status: HostStatus, now: Date): string {
  const { engines, files, bus, queues, paces, connections, parked, leases, newerStates, parkedAccounts, schedules, hosts } =
    status;
  const busy = queues.filter(({ waiting, held = 0 }) => waiting + held > 0);
  const blocks = [
    ...(files.state === 'current' ? [] : [paint.red(`workspace ${files.directory}: ${describeWorkspace(files)}`)]),
    bus.state === 'up' ? engines : `${engines}\n${paint.red(oneLine(`bus ${bus.state}: ${bus.reason}`))}`,
    busy.length === 0
      ? 'nothing waits'
      : headedTable(
          ['QUEUE', 'WAITING', 'HELD'],
          busy.map(({ queue, waiting, held }) => [queue, String(waiting), String(held ?? '')]),
        ),
    headedTable(
      ['CONNECTION', 'WAIT', 'OLDEST', 'PER MINUTE', 'PACE', 'STATE'],
      connections.map((one) => {
        const pace = paceOf(one.connection, paces, leases);
        return [
          one.connection,
          String(one.waiting),
          one.oldest === undefined ? '' : ago(new Date(one.oldest), now),
          String(one.perMinute),
          paceText(pace),
          connectionText(one, pace),
        ];
      }),
    ),
  ];
  if (schedules.length > 0) blocks.push(scheduleTable(schedules));
  if (newerStates.length > 0) {
    blocks.push(
      headedTable(
        ['RUNS OF A NEWER RELEASE WAIT IN', 'VERSION', 'HANDED BACK'],
        newerStates.map(({ queue, version, handedBack }) => [queue, String(version), String(handedBack)]),
      ),
    );
  }
  for (const { account, bytes, limit, isFull } of parkedAccounts) {
    const part = `parked runs of ${account} take ${Math.floor((bytes / limit) * 100)} % of settings.limits.parked`;
    blocks.push(isFull ? paint.red(`${part}: its events are refused`) : paint.yellow(part));
  }
  blocks.push(hostsText(hosts, now));
  const runs = Object.entries(parked).map(([flow, count]) => [flow, String(count)]);
  if (runs.length > 0) blocks.push(headedTable(['PARKED', 'RUNS'], runs));
  return blocks.join('\n\n');
}

/** Shows the soonest schedules; times are in their zones. */
function scheduleTable(schedules: HostStatus['schedules']): string {
  const local = (time: string, timeZone: string) =>
    new Date(time).toLocaleString('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const rows = schedules.slice(0, MAX_SCHEDULES_SHOWN).map(({ flow, cron, timezone, next, fired, late }) => {
    const due = next === undefined ? paint.red('never') : local(next, timezone);
    return [
      flow,
      `${cron} ${timezone}`,
      late === undefined ? due : paint.red(`late: ${local(late, timezone)}`),
      fired === undefined ? '' : local(fired, timezone),
    ];
  });
  const table = headedTable(['SCHEDULE', 'CRON', 'NEXT', 'LAST FIRED'], rows);
  const rest = schedules.length - rows.length;
  return rest === 0 ? table : `${table}\n${paint.dim(`${rest} more: --format json`)}`;
}

/** Lists the hosts, and the flows that they run on different revisions. */
function hostsText(hosts: HostStatus['hosts'], now: Date): string {
  const rows = hosts.map(({ id, version, live, heartbeat, flows }) => [
    id,
    version,
    live ? 'runs' : paint.red(`no heartbeat for ${ago(new Date(heartbeat), now)}`),
    String(Object.keys(flows).length),
  ]);
  const live = hosts.filter((host) => host.live);
  const names = [...new Set(live.flatMap(({ flows }) => Object.keys(flows)))].sort();
  const mixed = names.flatMap((name) => {
    const running = live.flatMap(({ id, flows }) => (flows[name] ? [{ id, ...flows[name] }] : []));
    const isSame = running.length === live.length && new Set(running.map(({ revision }) => revision)).size === 1;
    if (isSame) return [];
    return running.map(({ id, revision, since }) => [name, revision, ago(new Date(since), now), id]);
  });
  const table = headedTable(['HOST', 'VERSION', 'STATE', 'FLOWS'], rows);
  if (mixed.length === 0) return table;
  return `${table}\n\n${headedTable(['DIFFERENT REVISIONS OF', 'REVISION', 'SINCE', 'ON HOST'], mixed)}`;
}

interface ShownPace extends Pace {
  /** The owner of the pace, if it is another host. */
  readonly elsewhere?: string;
}

/** Returns the pace from its owner: this host, or the info in the lease of another host. */
function paceOf(connection: string, paces: HostStatus['paces'], leases: HostStatus['leases']): ShownPace | undefined {
  const own = paces[connection];
  if (!own || own.owner) return own;
  const lease = leases.find(({ name, live }) => live && name === `pace.${connection}`);
  return isPaceState(lease?.info) ? { ...lease.info, elsewhere: lease.holder } : own;
}

function isPaceState(info: unknown): info is Pace {
  return typeof info === 'object' && info !== null && 'inFlight' in info && 'limit' in info && 'max' in info;
}

function connectionText({ state, problem }: Connection, pace: Pace | undefined): string {
  if (problem !== undefined) return paint.red(`${state}: ${problem}`);
  const reason = pace?.closedBecause ?? pace?.limitedBecause;
  if (pace?.closedBecause !== undefined) return `${paint.yellow('calls wait')}: ${reason}`;
  return reason === undefined ? state : `${state}: ${reason}`;
}

function paceText(pace: ShownPace | undefined): string {
  if (!pace) return 'no limit';
  if (!pace.owner && pace.elsewhere === undefined) return 'no host has it now';
  const calls = `${pace.inFlight} of ${pace.limit} calls (at most ${pace.max})`;
  const by = pace.elsewhere === undefined ? '' : paint.dim(`, by host ${pace.elsewhere}`);
  return `${calls}${by}`;
}
