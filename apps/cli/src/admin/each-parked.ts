import { MAX_PAGE_SIZE, type AdminClient, type Page, type ParkedItem } from '@sluice/admin-contract';
import { pause, type Clock } from '@sluice/plugin-api';
import { describeError } from '../exit.js';
import { NoHostError, TokenRefusedError } from './host-api.js';
import type { ParkedSelection } from './parked-selection.js';

/** Maximum number of failures that are reported one by one. */
const MAX_REPORTED_FAILURES = 20;

/** The result of work on many parked runs. */
export interface EachParkedResult {
  readonly done: number;
  readonly failed: number;
  /** Why the work ended before the last run: an operator interrupted it, or the error concerns all runs that are left. */
  readonly stoppedBy?: 'interruption' | Error;
}

export interface EachParkedOptions {
  readonly admin: Pick<AdminClient, 'parked'>;
  /**
   * The runs. `until` is required: a run that is parked again soon after its replay would be selected again, without end.
   */
  readonly selection: ParkedSelection & { readonly until: string };
  /** Maximum number of runs per second. */
  readonly perSecond: number;
  readonly clock: Clock;
  /** Ends the work after the current run. */
  readonly signal: AbortSignal;
  /** Called after each run. */
  readonly shown: (done: number, failed: number) => void;
  /** Reports a failure, and beyond the first {@link MAX_REPORTED_FAILURES} their number. */
  readonly report: (line: string) => void;
}

/**
 * Does the work for each selected run, one after another and oldest first. A failure of one run does not stop the others, but a refused
 * token or an unreachable host does. It holds one page of the list in memory.
 */
export async function eachParked(options: EachParkedOptions, work: (run: string) => Promise<void>): Promise<EachParkedResult> {
  const { perSecond, clock, signal, shown, report } = options;
  let [done, failed] = [0, 0];
  const end = (stoppedBy?: EachParkedResult['stoppedBy']) => {
    if (failed > MAX_REPORTED_FAILURES) report(`and ${failed - MAX_REPORTED_FAILURES} more failures`);
    return { done, failed, ...(stoppedBy && { stoppedBy }) };
  };
  const began = clock.monotonic();
  try {
    for await (const run of runsOf(options)) {
      const waitMs = began + ((done + failed) * 1_000) / perSecond - clock.monotonic();
      if (waitMs > 0) await pause(clock, waitMs, signal);
      if (signal.aborted) return end('interruption');
      try {
        await work(run);
        done++;
      } catch (error) {
        if (concernsAll(error)) throw error;
        failed++;
        if (failed <= MAX_REPORTED_FAILURES) report(`${run}: ${describeError(error)}`);
      }
      shown(done, failed);
    }
  } catch (error) {
    return end(error as Error);
  }
  return end();
}

async function* runsOf({ admin, selection }: EachParkedOptions): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const page: Page<ParkedItem> = await admin.parked({
      ...selection,
      order: 'oldest',
      limit: MAX_PAGE_SIZE,
      ...(cursor !== undefined && { cursor }),
    });
    for (const { run } of page.items) yield run;
    cursor = page.next;
  } while (cursor !== undefined);
}

function concernsAll(error: unknown): boolean {
  return error instanceof TokenRefusedError || error instanceof NoHostError;
}
