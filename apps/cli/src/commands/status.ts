import { setTimeout as pause } from 'node:timers/promises';
import type { EngineStatus, PaceState } from '@sluice/engine';
import type { Command } from 'commander';
import pc from 'picocolors';
import { openHostApi } from '../admin/operator.js';
import { stopRequest } from '../host/stop-request.js';
import { print, printJson } from '../terminal/print.js';
import { table } from '../terminal/table.js';

const WATCH_MS = 1_000;
/** To the upper left corner, and nothing below. */
const CLEAR = '\u001B[H\u001B[2J';

export interface HostStatus extends EngineStatus {
  readonly engines: string;
  readonly flows: readonly string[];
  /** By flow. */
  readonly parked: Readonly<Record<string, number>>;
}

export function addStatus(command: Command): void {
  command
    .option('--watch', 'again each second')
    .option('--json', 'for programs')
    .action(async ({ watch = false, json = false }: { watch?: boolean; json?: boolean }) => {
      const api = await openHostApi();
      const look = async () => {
        const status = await api.get<HostStatus>('/api/status');
        if (json) return printJson(status);
        print(`${watch && process.stdout.isTTY ? CLEAR : ''}${statusText(status)}`);
      };
      await look();
      if (!watch) return;
      const stop = stopRequest();
      while (!stop.aborted) {
        await pause(WATCH_MS, undefined, { signal: stop }).catch(() => undefined);
        if (!stop.aborted) await look();
      }
    });
}

/** Exported for its test. */
export function statusText({ engines, bus, queues, paces, connections, parked }: HostStatus): string {
  const busy = queues.filter(({ waiting, held = 0 }) => waiting + held > 0);
  const blocks = [
    bus.state === 'up' ? engines : `${engines}\n${pc.red(`bus ${bus.state}: ${bus.reason}`)}`,
    busy.length === 0
      ? 'nothing waits'
      : table([
          heads('QUEUE', 'WAITING', 'HELD'),
          ...busy.map(({ queue, waiting, held }) => [queue, String(waiting), String(held ?? '')]),
        ]),
    table([
      heads('CONNECTION', 'STATE', 'PACE'),
      ...connections.map((one) => [one.connection, connectionText(one, paces[one.connection]), paceText(paces[one.connection])]),
    ]),
    ...(Object.keys(parked).length === 0
      ? []
      : [table([heads('PARKED', 'RUNS'), ...Object.entries(parked).map(([flow, count]) => [flow, String(count)])])]),
  ];
  return blocks.join('\n\n');
}

type ConnectionState = EngineStatus['connections'][number];

/** Not the words of the engine: beside a breaker, "open" would read as the opposite. */
function connectionText({ state, problem }: ConnectionState, pace: PaceState | undefined): string {
  if (problem !== undefined) return pc.red(`${state}: ${problem}`);
  if (pace?.closedBecause !== undefined) return pc.yellow('calls wait');
  return state === 'open' ? 'in use' : 'not used yet';
}

function paceText(pace: PaceState | undefined): string {
  if (!pace) return 'no limit but the number of calls at once';
  if (!pace.owner) return 'another host has it';
  const calls = `${pace.inFlight} of ${pace.limit} calls (at most ${pace.max})`;
  return pace.closedBecause === undefined ? calls : `${calls}, ${pc.yellow(pace.closedBecause)}`;
}

function heads(...names: readonly string[]): string[] {
  return names.map((name) => pc.dim(name));
}
