/** https://hammerjs.github.io/api/#directions */
const ALL_DIRECTIONS = 30;

interface Recognizer {
  set(options: { readonly direction: number }): unknown;
}

/** Internal objects of vis-timeline that this file uses. Another version may not have them. */
interface Insides {
  readonly itemSet?: { readonly hammer?: { get?(recognizer: 'pan'): Recognizer | undefined } };
}

/**
 * Allows users to drag entries up and down, to other rows. vis-timeline sets `direction` to a constant that its copy of Hammer does not
 * have, so only horizontal drags begin, and no option changes that.
 *
 * @throws if the internal objects are missing, because otherwise users could silently no longer move entries to another row
 */
export function dragInAllDirections(timeline: object): void {
  const pan = (timeline as Insides).itemSet?.hammer?.get?.('pan');
  if (!pan) throw new Error('this vis-timeline has no itemSet.hammer with a recognizer "pan": see drag-directions.ts');
  pan.set({ direction: ALL_DIRECTIONS });
}
