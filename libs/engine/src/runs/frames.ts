import type { ErrorView } from '@sluice/plugin-api';
import type { StepPath } from './step-path.js';

/** The failure of one item of a loop, with all that a replay needs to continue the item at the step that failed. */
export interface ItemFailure {
  readonly index: number;
  readonly error: ErrorView;
  readonly at: StepPath;
  /** Outputs of the item's finished steps. */
  readonly steps: Record<string, unknown>;
  /** The blocks inside of the loop in which the item was. */
  readonly frames: readonly Frame[];
}

/** Key of a value that does not travel with the run. */
export const BYTES = Symbol('bytes');

/** A `forEach` that runs its items in order. */
export interface LoopFrame {
  readonly block: 'loop';
  /** Id of the step. */
  readonly step: string;
  /** End of the block's timeout in milliseconds since 1970. */
  deadline?: number;
  /** The list; empty when `rows` has it. */
  items: readonly unknown[];
  /** Index of the current item, from 0. */
  index: number;
  /** The first item that has not begun. */
  next: number;
  /** Outputs of the current item's steps. */
  steps: Record<string, unknown>;
  /** Results of the items that succeeded, in the order of their ends. */
  results: [index: number, value: unknown][];
  errors: ItemFailure[];
  /** Failed items that a replay continues before it begins further ones. */
  redo?: ItemFailure[];
  /** Present when the loop is too large to travel: its list, results and errors are in the database. */
  rows?: LoopRowsRef;
  /** The current item of a loop with `rows`. */
  item?: unknown;
  /** Names a copy of the list in the database: the steps before the loop could compute another list after a crash. */
  pinned?: Pick<LoopRowsRef, 'path' | 'epoch'>;
  /** About how many bytes the list, the results and the failures have as JSON, once it was counted. */
  [BYTES]?: number;
}

/** Names the rows of a loop. */
export interface LoopRowsRef {
  readonly path: StepPath;
  /** Number of replays of the run when the loop began. */
  readonly epoch: number;
  /** Length of the list. */
  readonly total: number;
  /** True: a replay runs only the items that have no successful end. */
  missingOnly?: boolean;
}

/** Returns the rows of all loops in these blocks, also in the failures that they keep. */
export function rowsOfBlocks(frames: readonly Frame[]): readonly Pick<LoopRowsRef, 'path' | 'epoch'>[] {
  return frames.flatMap((frame) => {
    if (frame.block === 'try') return [];
    if (frame.block === 'catch') return rowsOfBlocks(frame.failure.frames);
    const inside = [...frame.errors, ...(frame.redo ?? [])].flatMap((failure) => rowsOfBlocks(failure.frames));
    return [...[frame.rows ?? frame.pinned ?? []].flat(), ...inside];
  });
}

/** The steps of a `try`. */
export interface TryFrame {
  readonly block: 'try';
  readonly step: string;
  deadline?: number;
}

/** The handler of a `try`, or of the flow. */
export interface CatchFrame {
  readonly block: 'catch';
  /** Id of the `try`; null for the handler of the flow. */
  readonly step: string | null;
  deadline?: number;
  /** The failure that the handler handles. */
  readonly failure: Failure;
}

/** Returns the place in the innermost loop; an empty object outside of loops. */
export function placeInLoop(frames: readonly Frame[]): { readonly item?: number; readonly items?: number } {
  const loop = frames.findLast((frame) => frame.block === 'loop');
  return loop ? { item: loop.index, items: loop.rows?.total ?? loop.items.length } : {};
}

/** A block in which a run is. */
export type Frame = LoopFrame | TryFrame | CatchFrame;

/** An error and the place where it occurred, so that a replay can continue there. */
export interface Failure {
  readonly error: ErrorView;
  readonly at: StepPath;
  /** The blocks that the error has left, the outermost first. */
  readonly frames: readonly Frame[];
}
