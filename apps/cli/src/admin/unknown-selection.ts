import { MAX_PAGE_SIZE, type AdminClient } from '@sluice/admin-contract';
import { printNotice } from '../terminal/print.js';
import { oneLine } from '../terminal/paint.js';
import { nameHint } from '../unknown-name.js';

/** The names by which runs are selected. */
interface Selected {
  readonly flow?: string;
  readonly connection?: string;
  readonly step?: string;
}

/**
 * Prints which of the names that selected nothing the host does not know, with the nearest known one. A removed flow may have runs, so this is
 * only a hint after an empty result.
 */
export async function noteUnknownNames(
  admin: Pick<AdminClient, 'status' | 'parked'>,
  { flow, connection, step }: Selected,
): Promise<void> {
  if (flow !== undefined || connection !== undefined) {
    const { hosts, connections } = await admin.status({});
    const flows = hosts.flatMap((host) => (host.live ? Object.keys(host.flows) : []));
    note('flow', flow, [...new Set(flows)]);
    note(
      'connection',
      connection,
      connections.map((one) => one.connection),
    );
  }
  if (step === undefined) return;
  const { items } = await admin.parked({ state: 'all', limit: MAX_PAGE_SIZE, ...(flow !== undefined && { flow }) });
  const steps = items.flatMap((run) => (run.step === undefined ? [] : [run.step]));
  note('step', step, [...new Set(steps)], 'no parked run has failed at a step', 'steps of parked runs');
}

function note(
  kind: string,
  name: string | undefined,
  names: readonly string[],
  says = `the host has no ${kind}`,
  what = `${kind}s`,
): void {
  if (name === undefined || names.includes(name)) return;
  printNotice(`${says} "${oneLine(name)}": ${nameHint(name, names, what)}`);
}
