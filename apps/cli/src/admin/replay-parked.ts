import type { AdminClient } from '@sluice/admin-contract';
import { paint } from '../terminal/paint.js';
import { printNotice } from '../terminal/print.js';
import { countSelected, forEachSelected, type BulkAdmin, type BulkFlags } from './bulk-parked.js';
import type { ParkedSelection } from './parked-selection.js';

/** Replays a parked run, and reports calls that may be repeated. Returns the id of the run that continues. */
export async function replayOne(
  admin: Pick<AdminClient, 'replay'>,
  run: string,
  options: { readonly fromStart: boolean; readonly data?: unknown },
): Promise<string> {
  const replayed = await admin.replay({ run, ...options });
  const { repeats = [] } = replayed;
  if (repeats.length > 0)
    printNotice(paint.yellow(`run ${replayed.run}: calls that were made before may be repeated: ${repeats.join(', ')}`));
  return replayed.run;
}

/** Replays the selected runs, after it has printed how many they are. */
export async function replayMany(
  admin: BulkAdmin,
  selection: ParkedSelection,
  { fromStart, ...flags }: BulkFlags & { readonly fromStart: boolean },
  signal: AbortSignal,
): Promise<void> {
  const counts = await countSelected(admin, selection);
  if (flags.dryRun || counts.newest === undefined) return;
  const command = `parked replay${fromStart ? ' --from-start' : ''}`;
  await forEachSelected(admin, { selection, counts, command, done: 'replayed', rate: flags.rate, signal }, async (run) => {
    await replayOne(admin, run, { fromStart });
  });
}
