import type { AdminClient } from '@sluice/admin-contract';
import { paint } from '../terminal/paint.js';
import { say } from '../terminal/print.js';
import { countFirst, forMany, type ManyAdmin, type ManyFlags } from './many-parked.js';
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
    say(paint.yellow(`run ${replayed.run}: calls that were made before may be repeated: ${repeats.join(', ')}`));
  return replayed.run;
}

/** Replays the selected runs, after it has printed how many they are. */
export async function replayMany(
  admin: ManyAdmin,
  selection: ParkedSelection,
  { fromStart, ...flags }: ManyFlags & { readonly fromStart: boolean },
  signal: AbortSignal,
): Promise<void> {
  const counts = await countFirst(admin, selection);
  if (flags.dryRun || counts.newest === undefined) return;
  const command = `parked replay${fromStart ? ' --from-start' : ''}`;
  await forMany(admin, { selection, counts, command, done: 'replayed', rate: flags.rate, signal }, async (run) => {
    await replayOne(admin, run, { fromStart });
  });
}
