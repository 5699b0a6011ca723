/** https://hammerjs.github.io/api/#directions */
const ALL_DIRECTIONS = 30;

interface Recognizer {
  set(options: { readonly direction: number }): unknown;
}

/** Of vis-timeline's insides, what is reached into here; any of it may be gone in another version. */
interface Insides {
  readonly itemSet?: { readonly hammer?: { get?(recognizer: 'pan'): Recognizer | undefined } };
}

/**
 * Lets entries be dragged up and down, to other rows. vis-timeline means to allow it and sets `direction` to a constant that its copy of Hammer
 * does not have, so only sideways drags begin; no option leads there. Throws when the insides are not as they were: else moving an entry to
 * somebody else would stop to work, and nobody would be told.
 */
export function dragInAllDirections(timeline: object): void {
  const pan = (timeline as Insides).itemSet?.hammer?.get?.('pan');
  if (!pan) throw new Error('this vis-timeline has no itemSet.hammer with a recognizer "pan": see drag-directions.ts');
  pan.set({ direction: ALL_DIRECTIONS });
}
