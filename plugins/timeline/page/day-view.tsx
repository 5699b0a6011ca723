import { useVirtualizer } from '@tanstack/react-virtual';
import {
  memo,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
} from 'react';
import type { Calendar, CalendarState } from './calendar.js';
import { EntryCard, type CardEvents } from './entry-card.js';
import {
  clock,
  clockMinutes,
  DAY_MINUTES,
  dragged,
  firstMinute,
  hourHeight,
  partsOn,
  shownSpan,
  SLOT_MINUTES,
  type Part,
} from './geometry.js';
import { HoverPanel } from './hover-panel.js';
import { closed } from './hours.js';
import { neighbour } from './keyboard-navigation.js';
import { lanes } from './lanes.js';
import type { Resource } from './model.js';
import { useDrag, type DragTarget } from './use-drag.js';
import { minutesOf } from './zone.js';

/** Sizes in pixels; style.css has the same. */
const AXIS = 52;
const HEAD = 40;
const MIN_COLUMN = 148;
/** Height of a line of text of a card. */
const LINE = 17;
/** The label of an hour begins this far above its line. */
const LABEL = 10;
const NOW_MS = 30_000;

interface DayViewProps {
  readonly calendar: Calendar;
  readonly state: CalendarState;
  readonly zoom: number;
}

/** One day: a column per person or room, with the hours from top to bottom. Columns that are scrolled away are not rendered. */
export function DayView({ calendar, state, zoom }: DayViewProps) {
  const board = useRef<HTMLDivElement>(null);
  const { info, day, today, entries, changed } = state;
  const resources = useMemo(() => info.resources.filter((resource) => !resource.archived), [info]);
  const size = useSize(board);
  const column = Math.max(MIN_COLUMN, (size.width - AXIS) / resources.length);
  const parts = useMemo(() => partsOn(entries, day), [entries, day]);
  const byResource = useMemo(() => grouped(parts), [parts]);
  const span = useMemo(() => shownSpan(resources, parts), [resources, parts]);
  const hour = hourHeight(size.height - HEAD - LABEL, span, zoom);
  const now = useNow(calendar, day === today);
  const focusLater = useRef<string>(undefined);

  const virtual = useVirtualizer({
    horizontal: true,
    count: resources.length,
    getScrollElement: () => board.current,
    estimateSize: () => column,
    paddingStart: AXIS,
    scrollPaddingStart: AXIS,
    overscan: 2,
    getItemKey: (index) => resources[index]?.code ?? index,
  });
  useLayoutEffect(() => virtual.measure(), [virtual, column]);

  // before the effect below, which has the last word on the position when a day is opened
  useZoomAnchor(board, hour);

  // a day begins at its opening; today, an hour before now if the working hours do not fit
  const height = useRef(0);
  height.current = size.height;
  useLayoutEffect(() => {
    if (!board.current || size.height === 0) return;
    const visible = ((height.current - HEAD) / hour) * 60;
    board.current.scrollTop = (firstMinute(span, visible, now) / 60) * hour - LABEL;
    // neither the next minute nor a change of the zoom scrolls
  }, [day, size.height === 0]);

  const { drag, press, wasDrag } = useDrag({
    board,
    canWrite: info.me.canWrite,
    locate: (entry, kind, by, at) => {
      const times = dragged(entry, kind, (by.y / hour) * 60);
      const box = board.current;
      if (kind !== 'move' || !box) return { resource: entry.resource.code, ...times };
      const index = Math.floor((at.x - box.getBoundingClientRect().left + box.scrollLeft - AXIS) / column);
      const target = resources[Math.max(0, Math.min(resources.length - 1, index))];
      return target && { resource: target.code, ...times };
    },
    onDrop: (entry, target) => void calendar.move(entry.id, target.resource, target.start, target.end),
  });

  const latest = useRef({ byResource, resources, wasDrag });
  latest.current = { byResource, resources, wasDrag };
  const events = useMemo<CardEvents>(
    () => ({
      press,
      open: (id) => !latest.current.wasDrag() && calendar.openEntry(id),
      arrow: (event: KeyboardEvent, id) => {
        const { byResource: groups, resources: columns } = latest.current;
        const placed = [...groups].flatMap(([group, own]) => own.map((part) => ({ id: part.entry.id, group, from: part.from })));
        const next = neighbour(
          placed,
          columns.map(({ code }) => code),
          id,
          event.key,
        );
        // without such an entry the arrow key turns the page
        if (next === undefined) return;
        event.preventDefault();
        const code = placed.find((one) => one.id === next)?.group;
        focusLater.current = next;
        virtual.scrollToIndex(columns.findIndex((one) => one.code === code));
        focusCard(board.current, focusLater);
      },
    }),
    [calendar, press, virtual],
  );
  useEffect(() => focusCard(board.current, focusLater));

  const pickFree = useCallback(
    (resource: string, minute: number) => {
      if (latest.current.wasDrag()) return;
      const at = Math.floor(minute / SLOT_MINUTES) * SLOT_MINUTES;
      void calendar.create({ resource, start: `${day}T${clock(at)}` });
    },
    [calendar, day],
  );

  return (
    <div className="day" ref={board}>
      <div className="day-inner" style={{ width: virtual.getTotalSize(), height: HEAD + hour * 24 }}>
        <div className="day-heads">
          {virtual.getVirtualItems().map(({ index, start, size: width, key }) => {
            const resource = resources[index];
            return (
              resource && (
                <div key={key} className="day-head" style={{ left: start, width }} title={resource.name}>
                  <span>{resource.name}</span>
                  <small>{byResource.get(resource.code)?.length ?? ''}</small>
                </div>
              )
            );
          })}
        </div>
        <Axis hour={hour} now={now} />
        {virtual.getVirtualItems().map(({ index, start, size: width, key }) => {
          const resource = resources[index];
          return (
            resource && (
              <Column
                key={key}
                {...{ resource, day, hour, events, changed, pickFree, left: start, width }}
                parts={byResource.get(resource.code) ?? NO_PARTS}
                canWrite={info.me.canWrite}
                dragging={drag?.entry.id}
                target={drag?.target.resource === resource.code ? drag.target : undefined}
              />
            )
          );
        })}
        {now !== undefined && <div className="now" style={{ top: HEAD + (now / 60) * hour }} />}
      </div>
      <HoverPanel board={board} entries={entries} />
    </div>
  );
}

const NO_PARTS: readonly Part[] = [];

interface ColumnProps {
  readonly resource: Resource;
  readonly day: string;
  readonly parts: readonly Part[];
  readonly hour: number;
  readonly left: number;
  readonly width: number;
  readonly canWrite: boolean;
  readonly changed: ReadonlySet<string>;
  readonly events: CardEvents;
  readonly pickFree: (resource: string, minute: number) => void;
  /** Id of the entry that is being dragged. */
  readonly dragging: string | undefined;
  /** Where it would be, if that is in this column. */
  readonly target: DragTarget | undefined;
}

const Column = memo(function Column(props: ColumnProps) {
  const { resource, day, parts, hour, left, width, canWrite, changed, events, pickFree, dragging, target } = props;
  const placed = useMemo(() => lanes(parts.map(({ entry, from, to }) => ({ id: entry.id, from, to }))), [parts]);
  const slot = useRef<HTMLDivElement>(null);
  const y = (minutes: number) => (minutes / 60) * hour;
  const minuteAt = (event: MouseEvent) => ((event.clientY - event.currentTarget.getBoundingClientRect().top) / hour) * 60;
  /** Shows which time a click would take. */
  const hint = (event: MouseEvent) => {
    if (!slot.current) return;
    const isFree = event.target === event.currentTarget;
    slot.current.hidden = !isFree;
    if (!isFree) return;
    const minute = Math.floor(minuteAt(event) / SLOT_MINUTES) * SLOT_MINUTES;
    slot.current.style.top = `${y(minute)}px`;
    slot.current.style.height = `${y(30)}px`;
    slot.current.textContent = clock(minute);
  };
  return (
    <div
      className="column"
      style={{ left, width, top: HEAD, height: y(DAY_MINUTES), backgroundSize: `100% ${hour}px` }}
      data-resource={resource.code}
      onClick={(event) => canWrite && event.target === event.currentTarget && pickFree(resource.code, minuteAt(event))}
      onMouseMove={canWrite ? hint : undefined}
      onMouseLeave={() => slot.current && (slot.current.hidden = true)}
    >
      {closed(resource, day).map(({ from, to }) => (
        <div
          key={from}
          className="closed"
          style={{ top: y(clockMinutes(from)), height: y(clockMinutes(to) - clockMinutes(from)) }}
        />
      ))}
      <div className="slot" ref={slot} hidden />
      {parts.map(({ entry, from, to, beganBefore, endsAfter }) => {
        const { lane = 0, lanes: count = 1 } = placed.get(entry.id) ?? {};
        const height = y(to - from);
        return (
          <EntryCard
            key={entry.id}
            {...{ entry, events, canWrite, beganBefore, endsAfter, canResize: true }}
            isChanged={changed.has(entry.id)}
            lines={Math.floor((height - 4) / LINE)}
            style={{
              top: y(from),
              height: height - 1,
              left: `calc(${(lane / count) * 100}% + 2px)`,
              width: `calc(${100 / count}% - 4px)`,
              ...(dragging === entry.id && { opacity: 0.4 }),
            }}
          />
        );
      })}
      {target && <Ghost target={target} day={day} hour={hour} />}
    </div>
  );
});

/** The place to which an entry is being dragged. */
function Ghost({ target, day, hour }: { readonly target: DragTarget; readonly day: string; readonly hour: number }) {
  const from = target.start < `${day}T00:00` ? 0 : minutesOf(target.start);
  const to = target.end.slice(0, 10) > day ? DAY_MINUTES : minutesOf(target.end);
  return (
    <div className="ghost" style={{ top: (from / 60) * hour, height: (Math.max(5, to - from) / 60) * hour }}>
      {target.start.slice(11)}–{target.end.slice(11)}
    </div>
  );
}

const HOURS = Array.from({ length: 24 }, (_, index) => index);

function Axis({ hour, now }: { readonly hour: number; readonly now: number | undefined }) {
  return (
    <div className="axis" style={{ height: HEAD + hour * 24 }} aria-hidden="true">
      <div className="axis-corner" />
      {HOURS.slice(1).map((at) => (
        <span key={at} style={{ top: HEAD + at * hour }}>
          {clock(at * 60)}
        </span>
      ))}
      {now !== undefined && (
        <span className="axis-now" style={{ top: HEAD + (now / 60) * hour }}>
          {clock(now)}
        </span>
      )}
    </div>
  );
}

function grouped(parts: readonly Part[]): ReadonlyMap<string, readonly Part[]> {
  const groups = new Map<string, Part[]>();
  for (const part of parts) {
    const own = groups.get(part.entry.resource.code);
    if (own) own.push(part);
    else groups.set(part.entry.resource.code, [part]);
  }
  return groups;
}

/** Focuses the card of an entry as soon as it is rendered. */
function focusCard(board: HTMLElement | null, wanted: { current: string | undefined }): void {
  if (wanted.current === undefined) return;
  const card = board?.querySelector<HTMLElement>(`[data-entry="${CSS.escape(wanted.current)}"]`);
  if (!card) return;
  wanted.current = undefined;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** Keeps the time in the middle of the board when the height of an hour changes. */
function useZoomAnchor(board: React.RefObject<HTMLElement | null>, hour: number): void {
  const before = useRef(hour);
  useLayoutEffect(() => {
    const box = board.current;
    if (box && before.current !== hour) {
      const middle = box.clientHeight / 2 - HEAD;
      box.scrollTop = ((box.scrollTop + middle) * hour) / before.current - middle;
    }
    before.current = hour;
  }, [board, hour]);
}

/** Returns the inner size of an element, also after it has changed. */
function useSize(element: React.RefObject<HTMLElement | null>): { readonly width: number; readonly height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return undefined;
    const measure = () => setSize({ width: box.clientWidth, height: box.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** Returns the minute of the local day, every half minute; undefined on other days. */
function useNow(calendar: Calendar, isToday: boolean): number | undefined {
  const read = useCallback(() => minutesOf(calendar.zone.local(new Date())), [calendar]);
  const [now, setNow] = useState(read);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(read());
      calendar.tick();
    }, NOW_MS);
    return () => clearInterval(timer);
  }, [calendar, read]);
  return isToday ? now : undefined;
}
