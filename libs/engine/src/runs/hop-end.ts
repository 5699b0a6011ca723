import type { ErrorView } from '@sluice/plugin-api';

/** How a hop ends. */
export type HopEnd =
  | { readonly kind: 'ended'; readonly outcome: 'done' | 'stopped' | 'expired' }
  | { readonly kind: 'ended'; readonly outcome: 'caught' | 'parked' | 'dropped' | 'duplicate'; readonly error: ErrorView }
  /** The run continues in another hop, whose message is among the outputs or with a plugin. */
  | { readonly kind: 'suspended' };

/** The ends that carry no error. */
export const HOP_ENDS = {
  done: { kind: 'ended', outcome: 'done' },
  stopped: { kind: 'ended', outcome: 'stopped' },
  expired: { kind: 'ended', outcome: 'expired' },
  suspended: { kind: 'suspended' },
} as const satisfies Readonly<Record<string, HopEnd>>;

/** Returns the end of a run that has failed, or that is a duplicate of another run with the same key. */
export function endWith(outcome: 'caught' | 'parked' | 'dropped' | 'duplicate', error: ErrorView): HopEnd {
  return { kind: 'ended', outcome, error };
}
