import type { OnecStats } from '@sluice/emulator';
import { seconds } from '../terminal/words.js';

/** The result of the demo, as counted by the emulated 1C. */
export interface DemoResult {
  /** Events answered 202. */
  readonly sent: number;
  /** Number of different orders that were carried out; repeats under the same request id count once. */
  readonly delivered: number;
  readonly refused: number;
  readonly peak: number;
  readonly maxCalls: number;
  /** Milliseconds from the first event to the end of the last call. */
  readonly ms: number;
  readonly plainMs: number;
}

export function resultOf(
  stats: Pick<OnecStats, 'distinct' | 'refused' | 'peak'>,
  known: Pick<DemoResult, 'sent' | 'maxCalls' | 'ms' | 'plainMs'>,
): DemoResult {
  return { ...known, delivered: stats.distinct, refused: stats.refused, peak: stats.peak };
}

export function lostOf({ sent, delivered }: DemoResult): number {
  return Math.max(0, sent - delivered);
}

/** Returns whether 1C got exactly the sent events and rejected no call. */
export function isGood(result: DemoResult): boolean {
  return result.delivered === result.sent && result.refused === 0;
}

/** Returns the last line of the demo, which programs can parse. */
export function resultLine(result: DemoResult): string {
  const { sent, delivered, refused, peak, maxCalls, ms, plainMs } = result;
  return `demo: sent ${sent}, delivered ${delivered}, lost ${lostOf(result)}, refused ${refused}, peak ${peak} of ${maxCalls} calls, ${seconds(ms)} (plain loops ${seconds(plainMs)})`;
}
