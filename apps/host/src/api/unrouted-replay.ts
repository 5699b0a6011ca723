import { queues, type Bus } from '@sluice/engine';
import type { Flow } from '@sluice/flow';
import { engineFail, typeMatches } from '@sluice/plugin-api';

/**
 * Moves unrouted events to a flow. A flow returns events that its trigger does not take, so no event is moved if one of them would
 * be returned.
 *
 * @param pattern pattern of the types: `*` matches one word, `#` any number of words
 * @returns the number of moved events
 * @throws CONFIG_INVALID when the trigger of the flow does not take all of these types; the events stay where they are
 */
export async function replayUnrouted(
  bus: Pick<Bus, 'unrouted' | 'replayUnrouted'>,
  { name, trigger }: Pick<Flow, 'name' | 'trigger'>,
  pattern: string,
): Promise<number> {
  if (trigger.kind !== 'event') throw engineFail.CONFIG_INVALID(`the flow "${name}" takes no events of the bus`);
  const chosen = isOneType(pattern) ? [pattern] : await waitingTypes(bus, pattern);
  const refused = chosen.filter((type) => !trigger.types.some((taken) => typeMatches(taken, type)));
  if (refused.length > 0) {
    const takes = trigger.types.join(', ');
    const add = `add it to the types of its trigger, apply that with "sluice reload", and replay again`;
    throw engineFail.CONFIG_INVALID(`the flow "${name}" takes ${takes} and not ${refused[0]}, so nothing was moved: ${add}`);
  }
  // move only these types, because events of other types may have arrived in the meantime
  return chosen.length === 0 ? 0 : bus.replayUnrouted(chosen, queues.flow(name));
}

const isOneType = (pattern: string) => !/[*#]/.test(pattern);

async function waitingTypes(bus: Pick<Bus, 'unrouted'>, pattern: string): Promise<string[]> {
  return (await bus.unrouted()).map(({ type }) => type).filter((type) => typeMatches(pattern, type));
}
