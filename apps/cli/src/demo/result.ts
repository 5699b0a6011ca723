import type { OnecStats } from '@sluice/emulator';
import { seconds } from '../terminal/words.js';

/** What the demo is about, as the other side counted it. */
export interface DemoResult {
  /** Events answered 202. */
  readonly sent: number;
  /** Different orders that were carried out: a repeat under the same request id is the same order. */
  readonly delivered: number;
  readonly refused: number;
  readonly peak: number;
  readonly maxCalls: number;
  /** From the first event sent to the last call done. */
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

/** Everything sent was delivered, nothing else was, and nothing was refused. */
export function isGood(result: DemoResult): boolean {
  return result.delivered === result.sent && result.refused === 0;
}

/** The last line of the demo: programs read it. */
export function resultLine(result: DemoResult): string {
  const { sent, delivered, refused, peak, maxCalls, ms, plainMs } = result;
  return `demo: sent ${sent}, delivered ${delivered}, lost ${lostOf(result)}, refused ${refused}, peak ${peak} of ${maxCalls} calls, ${seconds(ms)} (plain loops ${seconds(plainMs)})`;
}
