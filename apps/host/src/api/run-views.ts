import type { RunItem, Story, Wait } from '@sluice/admin-contract';
import { lastState, type JournalEntry } from '@sluice/engine';
import { systemClock } from '@sluice/plugin-api';
import type { HostServices } from './host-services.js';
import { json } from './json.js';
import { readStory } from './story.js';
import { laneWaitOf, waitOf, type WaitSources } from './waits.js';

type StoryRun = Story['events'][number]['runs'][number];

/** Returns the items of a list of runs. Waiting runs have their reasons. */
export async function runItems(services: HostServices, states: readonly JournalEntry[]): Promise<readonly RunItem[]> {
  const sources = states.some(hasNotEnded) ? await waitSources(services) : undefined;
  return states.map((state) => {
    const { kind, waits: _waits, ...entry } = state;
    const waits = sources && waitOf([state], sources);
    // the list selects by states only
    return { ...json(entry), outcome: kind as RunItem['outcome'], ...(waits && { waits }) };
  });
}

/** Returns the story of an event or a run, with the reasons of its waiting runs. */
export async function storyOf(services: HostServices, id: string, limit: number): Promise<Story> {
  const { events, isCut } = await readStory(services.store.journal, id, limit);
  if (events.length === 0) {
    const waits = await heldIn(services, flowsWithLanes(services), id);
    return { events: [], isCut, ...(waits && { waits }) };
  }
  const waiting = events.some(({ runs }) => runs.some((entries) => hasNotEnded(lastState(entries))));
  const sources = waiting ? await waitSources(services) : undefined;
  const shown = events.map(async ({ runs, ...event }) => ({
    ...event,
    runs: await Promise.all(runs.map((entries) => storyRun(services, entries, sources))),
  }));
  return { events: await Promise.all(shown), isCut };
}

async function storyRun(
  services: HostServices,
  entries: readonly JournalEntry[],
  sources: WaitSources | undefined,
): Promise<StoryRun> {
  const { run = '', flow = '' } = entries[0] ?? {};
  const state = lastState(entries);
  const note = entries.findLast((entry) => entry.note !== undefined)?.note;
  const lanes = flowsWithLanes(services).filter((name) => name === flow);
  const waits = hasNotEnded(state) ? ((await heldIn(services, lanes, run)) ?? (sources && waitOf(entries, sources))) : undefined;
  return {
    run,
    flow,
    ...(note !== undefined && { note }),
    ...(state && !hasNotEnded(state) && { outcome: state.kind as NonNullable<StoryRun['outcome']> }),
    ...(waits && { waits }),
    entries: entries.map(storyEntry),
  };
}

function storyEntry({
  at,
  kind,
  epoch,
  step,
  connection,
  attempt,
  code,
  message,
  ms,
}: JournalEntry): StoryRun['entries'][number] {
  return {
    at: at.toISOString(),
    kind,
    ...(epoch !== undefined && { epoch }),
    ...(step !== undefined && { step }),
    ...(connection !== undefined && { connection }),
    ...(attempt !== undefined && { attempt }),
    ...(code !== undefined && { code }),
    ...(message !== undefined && { message }),
    ...(ms !== undefined && { ms }),
  };
}

function hasNotEnded(state: JournalEntry | undefined): boolean {
  return state === undefined || state.kind === 'waiting' || state.kind === 'replayed';
}

async function waitSources({ engine, store, workspace }: HostServices): Promise<WaitSources> {
  const [status, leases] = await Promise.all([engine.status(), store.leases.list()]);
  const paced = [...workspace.connections.values()].flatMap(({ name, pace }) => (pace === undefined ? [] : [name]));
  return { status, leases, paced: new Set(paced), now: systemClock.now() };
}

/** Returns the flows whose events may be held: those with an order or a number of places. */
function flowsWithLanes({ workspace }: HostServices): readonly string[] {
  const held = workspace.flows.filter(({ deliver }) => deliver.key !== undefined || deliver.concurrency !== undefined);
  return held.map(({ name }) => name);
}

/** Returns the reason of a run whose event one of these flows holds. */
function heldIn({ store }: HostServices, flows: readonly string[], run: string): Promise<Wait | undefined> {
  return laneWaitOf(store.lanes, flows, run);
}
