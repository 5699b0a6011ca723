import { classes, dateFormat } from '@sluice/web-ui';
import { useMemo, useRef } from 'react';
import type { Calendar, CalendarState } from './calendar.js';
import { EntryCard, type CardEvents } from './entry-card.js';
import { partsOn, type Part } from './geometry.js';
import { HoverPanel } from './hover-panel.js';
import { isOpenOn } from './hours.js';
import { neighbour } from './keyboard-navigation.js';
import type { Resource } from './model.js';
import { texts } from './texts.js';
import { useDrag, type Drag } from './use-drag.js';
import { addDays, mondayOf } from './zone.js';

/** Cards of one person on one day; a button leads to the others. */
const MAX_CARDS = 6;

interface WeekViewProps {
  readonly calendar: Calendar;
  readonly state: CalendarState;
}

/** A week: a row per person or room, a column per day, and in each field the cards of that day. */
export function WeekView({ calendar, state }: WeekViewProps) {
  const board = useRef<HTMLDivElement>(null);
  const { info, day, today, entries, changed } = state;
  const resources = useMemo(() => info.resources.filter((resource) => !resource.archived), [info]);
  const days = useMemo(() => weekOf(day), [day]);
  const cells = useMemo(() => cellsOf(entries, days), [entries, days]);

  const { drag, press, wasDrag } = useDrag({
    board,
    canWrite: info.me.canWrite,
    locate: (entry, _kind, _by, at) => {
      const cell = document.elementsFromPoint(at.x, at.y).find((one): one is HTMLElement => one.matches('[data-cell]'));
      const [toDay, resource] = [cell?.dataset['day'], cell?.dataset['resource']];
      if (toDay === undefined || resource === undefined) return undefined;
      const by = daysBetween(entry.start.slice(0, 10), toDay);
      const moved = (time: string) => addDays(time.slice(0, 10), by) + time.slice(10, 16);
      return { resource, start: moved(entry.start), end: moved(entry.end) };
    },
    onDrop: (entry, target) => void calendar.move(entry.id, target.resource, target.start, target.end),
  });

  const latest = useRef({ cells, resources, days, wasDrag });
  latest.current = { cells, resources, days, wasDrag };
  const events = useMemo<CardEvents>(
    () => ({
      press,
      open: (id) => !latest.current.wasDrag() && calendar.openEntry(id),
      arrow: (event, id) => {
        const { days: columns, cells: fields, resources: rows } = latest.current;
        const placed = columns.flatMap((column) =>
          rows.flatMap(({ code }, row) =>
            (fields.get(`${column} ${code}`) ?? []).slice(0, MAX_CARDS).map((part, index) => ({
              id: part.entry.id,
              group: column,
              // rows below one another
              from: row * 1_000 + index,
            })),
          ),
        );
        const next = neighbour(placed, columns, id, event.key);
        if (next === undefined) return;
        event.preventDefault();
        const card = board.current?.querySelector<HTMLElement>(`[data-entry="${CSS.escape(next)}"]`);
        card?.focus({ preventScroll: true });
        card?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      },
    }),
    [calendar, press],
  );

  return (
    <div className="week" ref={board}>
      <div className="week-grid">
        <div className="week-corner" />
        {days.map((one) => (
          <button
            key={one}
            type="button"
            className="week-head"
            aria-current={one === today ? 'date' : undefined}
            onClick={() => calendar.show('day', one)}
          >
            <span>{dayName(one)}</span>
            <small>{countText(count(cells, one, resources))}</small>
          </button>
        ))}
        {resources.map((resource) => (
          <Row
            key={resource.code}
            {...{ resource, days, cells, events, changed, drag, calendar, today, canWrite: info.me.canWrite }}
          />
        ))}
      </div>
      <HoverPanel board={board} entries={entries} />
    </div>
  );
}

interface RowProps {
  readonly resource: Resource;
  readonly days: readonly string[];
  readonly today: string;
  readonly cells: ReadonlyMap<string, readonly Part[]>;
  readonly events: CardEvents;
  readonly changed: ReadonlySet<string>;
  readonly drag: Drag | undefined;
  readonly calendar: Calendar;
  readonly canWrite: boolean;
}

function Row({ resource, days, today, cells, events, changed, drag, calendar, canWrite }: RowProps) {
  return (
    <>
      <div className="week-name">{resource.name}</div>
      {days.map((day) => {
        const parts = cells.get(`${day} ${resource.code}`) ?? [];
        const isOpen = isOpenOn(resource, day);
        const isTarget = drag?.target.resource === resource.code && drag.target.start.slice(0, 10) === day;
        return (
          <div
            key={day}
            className={classes('cell', !isOpen && 'cell-closed', day === today && 'cell-today', isTarget && 'cell-target')}
            data-cell
            data-day={day}
            data-resource={resource.code}
            onDoubleClick={(event) => event.target === event.currentTarget && calendar.show('day', day)}
          >
            {!isOpen && parts.length === 0 && <span className="cell-note">{texts.closedDay}</span>}
            {parts.slice(0, MAX_CARDS).map(({ entry, beganBefore, endsAfter }) => (
              <EntryCard
                key={entry.id}
                {...{ entry, events, canWrite, beganBefore, endsAfter }}
                lines={1}
                isChanged={changed.has(entry.id)}
                style={drag?.entry.id === entry.id ? { opacity: 0.4 } : NO_STYLE}
              />
            ))}
            {parts.length > MAX_CARDS && (
              <button type="button" className="cell-more" onClick={() => calendar.show('day', day)}>
                {texts.more(parts.length - MAX_CARDS)}
              </button>
            )}
          </div>
        );
      })}
    </>
  );
}

const NO_STYLE = {};

/** Returns the seven days of the week of a day. */
export function weekOf(day: string): string[] {
  const monday = mondayOf(day);
  return Array.from({ length: 7 }, (_, index) => addDays(monday, index));
}

/** Returns the entries of each day and resource, by `<day> <code>`. */
function cellsOf(entries: CalendarState['entries'], days: readonly string[]): ReadonlyMap<string, readonly Part[]> {
  const cells = new Map<string, Part[]>();
  for (const day of days)
    for (const part of partsOn(entries, day)) {
      const key = `${day} ${part.entry.resource.code}`;
      const own = cells.get(key);
      if (own) own.push(part);
      else cells.set(key, [part]);
    }
  return cells;
}

function count(cells: ReadonlyMap<string, readonly Part[]>, day: string, resources: readonly Resource[]): number {
  return resources.reduce((sum, { code }) => sum + (cells.get(`${day} ${code}`)?.length ?? 0), 0);
}

/** Returns the number of entries in words; empty for none. */
function countText(entries: number): string {
  return entries === 0 ? '' : texts.entries(entries);
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00Z`) - Date.parse(`${from}T00:00Z`)) / 86_400_000);
}

/** Returns a short name of a day: "Пн, 2 февр.". */
export function dayName(day: string, month: 'short' | 'long' = 'short'): string {
  const weekday = month === 'long' ? 'long' : 'short';
  const name = dateFormat({ weekday, day: 'numeric', month, timeZone: 'UTC' }).format(new Date(`${day}T00:00Z`));
  return name.charAt(0).toUpperCase() + name.slice(1);
}
