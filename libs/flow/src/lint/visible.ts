import type { Shape } from './shapes.js';

/** The roots that an expression can read at its place, with their known shapes. A root that is absent here cannot be read. */
export interface Visible {
  readonly trigger?: Shape;
  readonly vars?: Shape;
  readonly env?: EnvironmentView;
  readonly steps?: StepsView;
  readonly error?: Shape;
  readonly run?: Shape;
  /** Inside of a `forEach`: the innermost loop. */
  readonly loop?: Shape;
  /** The items of the loops around this place, by the names of their roots. */
  readonly items?: ReadonlyMap<string, Shape>;
  /** Roots that exist only at this place, such as `with` in a mock. */
  readonly others?: readonly string[];
}

export interface EnvironmentView {
  readonly names: readonly string[];
  /** Variables that may not be read here, because they fill secret fields. */
  readonly secret: ReadonlySet<string>;
  /** Called for each variable that an expression reads. */
  readonly read: (name: string) => void;
}

export type StepSight =
  | { readonly kind: 'seen'; readonly shape: Shape; readonly maybe: boolean }
  | { readonly kind: 'later' }
  /** The step runs once for each item of a loop that does not contain this place. */
  | { readonly kind: 'item'; readonly loop: string }
  | { readonly kind: 'nothing'; readonly verb: string };

export interface StepsView {
  readonly names: readonly string[];
  /** Returns undefined when no step has this id. */
  readonly look: (id: string) => StepSight | undefined;
  /** True in the `if` of a step: a comparison with a step that was skipped is false there, but its bare value is an error. */
  readonly inOwnCondition: boolean;
}
