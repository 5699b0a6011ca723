/**
 * The place of a step within a run: the id of the step, followed by one index per surrounding `forEach`, the outermost first: `lines`,
 * `reserve/3`, `reserve/3/0`. Branches and handlers add nothing, because ids are unique in a flow. All ids within a run derive from it.
 */
export type StepPath = string;

/** Returns the path of a step within these items. */
export function stepPath(id: string, indices: readonly number[]): StepPath {
  return indices.length === 0 ? id : `${id}/${indices.join('/')}`;
}

/** Returns the id of the step. */
export function stepIdOf(path: StepPath): string {
  const end = path.indexOf('/');
  return end < 0 ? path : path.slice(0, end);
}
