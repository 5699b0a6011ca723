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

/** A `forEach` that runs its items in order. */
export interface LoopFrame {
  readonly block: 'loop';
  /** Id of the step. */
  readonly step: string;
  /** End of the block's timeout in milliseconds since 1970. */
  deadline?: number;
  readonly items: readonly unknown[];
  /** Index of the current item, from 0. */
  index: number;
  /** The first item that has not begun. */
  next: number;
  /** Outputs of the current item's steps. */
  steps: Record<string, unknown>;
  /** Results of the items that succeeded, in the order of their ends. */
  readonly results: [index: number, value: unknown][];
  errors: ItemFailure[];
  /** Failed items that a replay continues before it begins further ones. */
  redo?: ItemFailure[];
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
  return loop ? { item: loop.index, items: loop.items.length } : {};
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
