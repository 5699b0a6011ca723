import { allocate, spend } from '../budget.js';
import { reserve, type Sequence } from '../values.js';
import type { SyntaxNode } from '../syntax.js';
import { Frame, FRAME_BYTES } from './frame.js';
import { Group } from './groups.js';

/** An element of a stream with variables (`@$v`, `#$i`) or parents (`%`): `@` is the item, the other keys are the variables. */
export type Tuple = Record<string, unknown>;

/** Work of creating a tuple, or its frame. */
const TUPLE_UNITS = 20;

/** Marks a new list as a stream of tuples. */
export function tupleStream(list: Sequence): Sequence {
  reserve(list.length);
  list.sequence = true;
  list.tupleStream = true;
  return list;
}

/** Returns a frame with the variables of a tuple. */
export function frameOf(tuple: Tuple, outer: Frame): Frame {
  spend(TUPLE_UNITS);
  allocate(FRAME_BYTES);
  const frame = new Frame(outer);
  for (const name in tuple) frame.bind(name, tuple[name]);
  return frame;
}

/** Returns the tuple of the item at `index`, with the variables that the step binds. */
export function nextTuple(step: SyntaxNode, before: Tuple, list: Sequence, index: number): Tuple {
  spend(TUPLE_UNITS);
  allocate(FRAME_BYTES);
  const tuple = Object.assign(Object.create(null) as Tuple, before);
  if (list.tupleStream) return Object.assign(tuple, list[index]);
  if (step.focus !== undefined) tuple[step.focus] = list[index];
  else tuple['@'] = list[index];
  if (step.index !== undefined) tuple[step.index] = index;
  if (step.ancestor) tuple[step.ancestor.label] = before['@'];
  return tuple;
}

/** Joins the tuples of a group to one tuple, whose variables have the values of all. */
export function joinedTuples(data: unknown): Tuple {
  if (!Array.isArray(data)) return data as Tuple;
  const joined = new Map<string, Group>();
  for (const tuple of data as readonly Tuple[]) {
    spend(TUPLE_UNITS);
    for (const name in tuple) {
      const group = joined.get(name);
      if (group) group.add(tuple[name]);
      else joined.set(name, new Group(0, tuple[name]));
    }
  }
  const made = Object.create(null) as Tuple;
  for (const [name, group] of joined) made[name] = group.data;
  return made;
}
