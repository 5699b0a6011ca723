import { PUSH_CLASSES, queues, type ConnectionHealth, type EngineStatus, type LeaseRow, type PaceState } from '@sluice/engine';

/** The state of a connection across all hosts. */
export interface ConnectionReport extends Omit<ConnectionHealth, 'state'> {
  /** `waiting`: its calls wait, because the remote system cannot be reached or its calendar is closed. */
  readonly state: ConnectionHealth['state'] | 'waiting';
  /** Calls that wait for a slot or for the remote system. */
  readonly waiting: number;
  /** Due time of the oldest call, if the bus knows it. */
  readonly oldest?: Date;
  /** Time since which the remote system cannot be reached, if this host owns the pace. */
  readonly since?: Date;
  /** The reason why calls wait, for operators. */
  readonly reason?: string;
}

/** Combines the connections of this host with the queues of calls and the paces that other hosts report in their leases. */
export function connectionReports(
  { connections, queues: waitingIn, paces }: EngineStatus,
  leases: readonly LeaseRow[],
): readonly ConnectionReport[] {
  return connections.map((health) => {
    const { connection } = health;
    const names = new Set(
      PUSH_CLASSES.flatMap((priority) => [queues.push(connection, priority), queues.pushAgain(connection, priority)]),
    );
    const own = waitingIn.filter(({ queue }) => names.has(queue));
    const due = own.flatMap(({ oldest }) => (oldest ? [oldest.getTime()] : []));
    const pace = ownersPace(connection, paces, leases);
    const { closedBecause, closedSince } = pace ?? {};
    return {
      ...health,
      ...(health.state !== 'failing' && closedBecause !== undefined && { state: 'waiting' as const }),
      waiting: own.reduce((sum, { waiting, held = 0 }) => sum + waiting + held, 0),
      ...(due.length > 0 && { oldest: new Date(Math.min(...due)) }),
      ...(closedSince !== undefined && { since: new Date(closedSince) }),
      ...(closedBecause !== undefined && { reason: closedBecause }),
    };
  });
}

/** The pace of this host when it owns the connection, or else the one that the owner reported with its lease. */
export function ownersPace(connection: string, paces: EngineStatus['paces'], leases: readonly LeaseRow[]): PaceState | undefined {
  const own = paces[connection];
  if (own?.owner === true) return own;
  return leases.find(({ name, live }) => live && name === `pace.${connection}`)?.info as PaceState | undefined;
}
