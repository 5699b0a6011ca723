import type { Story, Wait } from '@sluice/admin-contract';
import { oneLine, paint, widthOf } from './paint.js';
import { inWords } from './words.js';

type StoryEvent = Story['events'][number];
type StoryRun = StoryEvent['runs'][number];
type Entry = StoryRun['entries'][number];

/** Deeper effects are not indented further, so that the lines stay readable. */
const MAX_INDENTED_DEPTH = 6;
const INDENT = '  ';
const DAY_LENGTH = 'YYYY-MM-DD'.length;
const SECONDS_LENGTH = 'YYYY-MM-DDTHH:MM:SS'.length;

/**
 * Returns the story as lines of at most `width` characters, where words allow it: each event with its runs, and below it the events that it
 * caused.
 */
export function storyText({ events }: Pick<Story, 'events'>, width: number): string {
  return events.flatMap((event) => eventLines(event, width)).join('\n');
}

function eventLines({ id, source, type, depth, role, runs }: StoryEvent, width: number): readonly string[] {
  const indent = INDENT.repeat(Math.min(depth, MAX_INDENTED_DEPTH));
  const title = [role === 'found' ? paint.bold(oneLine(type)) : oneLine(type), oneLine(id)];
  return [
    ...wrapped([...title, `from ${oneLine(source)}`], indent, width),
    ...runs.flatMap((run) => runLines(run, `${indent}${INDENT}`, width)),
  ];
}

function runLines({ run, flow, note, outcome, waits, entries }: StoryRun, indent: string, width: number): readonly string[] {
  const state = outcome === undefined ? paint.yellow('not ended') : outcomeText(outcome);
  const inner = `${indent}${INDENT}`;
  let day = '';
  // epochs grow over the replays of all runs, and people count the replays of one
  const replays = [...new Set(entries.map(({ epoch = 0 }) => epoch).filter((epoch) => epoch > 0))];
  const lines = alike(entries).flatMap((same) => {
    const [entry] = same;
    const date = entry.at.slice(0, DAY_LENGTH);
    const dated = date === day ? [] : [`${inner}${paint.dim(date)}`];
    day = date;
    return [...dated, ...entryLines(same, replays.indexOf(entry.epoch ?? 0) + 1, inner, width)];
  });
  return [
    ...wrapped([`${oneLine(flow)}: ${state}`, `run ${oneLine(run)}`], indent, width),
    ...(note === undefined ? [] : wrapped(oneLine(note).split(' '), inner, width, ' ')),
    ...lines,
    ...(waits === undefined ? [] : wrapped(`waits for: ${waitText(waits)}`.split(' '), inner, width, ' ')),
  ];
}

/** Neighbouring entries of which the later ones add nothing: tries of one call that failed in the same way. */
type Alike = readonly [Entry, ...Entry[]];

/** Joins tries of one call that failed in the same way: a system that cannot be reached for an hour makes hundreds of them. */
function alike(entries: readonly Entry[]): readonly Alike[] {
  const groups: [Entry, ...Entry[]][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    if (group && entry.kind === 'retried' && isSame(group[0], entry)) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function isSame(a: Entry, b: Entry): boolean {
  return (['kind', 'epoch', 'step', 'connection', 'code', 'message'] as const).every((key) => a[key] === b[key]);
}

/**
 * @param same entries that are shown as one
 * @param replay number of the replay of the run, from 1; 0 before the first one
 */
function entryLines(same: Alike, replay: number, indent: string, width: number): readonly string[] {
  const { at, kind, step, connection, attempt, code, message, ms } = same[0];
  const last = same.length === 1 ? undefined : same.at(-1);
  const parts = [
    at.slice(DAY_LENGTH + 1).replace('Z', ''),
    ...(step === undefined ? [] : [oneLine(step)]),
    // whether the call is repeated, the entries after it show
    kind === 'retried' ? paint.red('failed') : outcomeText(kind),
    ...(connection === undefined ? [] : [oneLine(connection)]),
    ...(attempt === undefined || attempt === 1 ? [] : [`attempt ${attempt}`]),
    ...(ms === undefined ? [] : [`in ${inWords(ms)}`]),
    ...(replay === 0 ? [] : [`replay ${replay}`]),
    ...(last === undefined ? [] : [`and ${same.length - 1} more until ${timeOf(last, same[0])}`]),
  ];
  const error = [code, message].filter((text) => text !== undefined).join(' ');
  return [
    ...wrapped(parts, indent, width),
    ...(error === '' ? [] : wrapped(paint.red(oneLine(error)).split(' '), `${indent}${INDENT}`, width, ' ')),
  ];
}

/** Returns the time of an entry, with its day when that is not the day of the first one. */
function timeOf({ at }: Entry, first: Entry): string {
  const sameDay = at.slice(0, DAY_LENGTH) === first.at.slice(0, DAY_LENGTH);
  return at.slice(sameDay ? DAY_LENGTH + 1 : 0, SECONDS_LENGTH).replace('T', ' ');
}

/** Returns an outcome, or a kind of an entry, in its colour. */
export function outcomeText(outcome: string): string {
  if (outcome === 'done' || outcome === 'stopped' || outcome === 'called') return paint.green(outcome);
  if (outcome === 'parked' || outcome === 'dropped' || outcome === 'expired') return paint.red(outcome);
  return paint.yellow(outcome);
}

/** Returns the reason of a wait, with the time at which it ends. */
export function waitText({ text, until }: Wait): string {
  return until === undefined ? oneLine(text) : `${oneLine(text)} ${until.slice(DAY_LENGTH + 1, SECONDS_LENGTH)} UTC`;
}

/** Joins the parts to lines of at most `width` characters. A part that is longer than a line has a line of its own. */
function wrapped(parts: readonly string[], indent: string, width: number, gap = '  '): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of parts) {
    const longer = line === '' ? `${indent}${lines.length === 0 ? '' : INDENT}${part}` : `${line}${gap}${part}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = `${indent}${INDENT}${part}`;
    } else line = longer;
  }
  return line === '' ? lines : [...lines, line];
}
