import { useEffect, useRef, useState, type KeyboardEvent, type ReactElement } from 'react';
import { dateFormat } from '../client/i18n.js';
import { texts } from '../client/texts.js';
import { monthGrid, readDay, readTime, stepMonth, stepTime, writeDay } from '../client/time-input.js';
import { classes } from '../classes.js';
import { IconButton } from './button.js';
import { FieldFrame, pick } from './fields.js';
import { Popover } from './menu.js';

interface ValueFieldProps {
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly problem?: string;
  readonly disabled?: boolean;
  readonly className?: string;
}

/** The text that the user types, and the problem with it once the field is left. */
function useDraft(shown: string, read: (text: string) => string | undefined, onChange: (value: string) => void, problem: string) {
  const [draft, setDraft] = useState<string>();
  const [isLeft, setLeft] = useState(false);
  useEffect(() => setDraft(undefined), [shown]);
  return {
    text: draft ?? shown,
    problem: isLeft && draft !== undefined && read(draft) === undefined ? problem : undefined,
    type: (text: string) => {
      setDraft(text);
      setLeft(false);
    },
    leave: () => {
      setLeft(true);
      const value = draft === undefined ? undefined : read(draft);
      if (value === undefined) return;
      onChange(value);
      setDraft(undefined);
    },
  };
}

export interface TimeFieldProps extends ValueFieldProps {
  /** Minutes by which the arrow keys change the time. Default: 5. */
  readonly step?: number;
}

/** A time `HH:MM` from 00:00 to 23:59, in every locale. It is typed (`9`, `930`, `9:30`), or changed with the arrow keys. */
export function TimeField({ label, hideLabel, value, onChange, problem, disabled, className, step = 5 }: TimeFieldProps) {
  const draft = useDraft(value, readTime, onChange, texts.badTime);
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter') return draft.leave();
    const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (direction === 0) return;
    event.preventDefault();
    onChange(stepTime(readTime(draft.text) ?? value, direction * step));
  };
  return (
    <FieldFrame {...{ label, className, ...pick({ hideLabel, problem: draft.problem ?? problem }) }}>
      {(field) => (
        <input
          {...field}
          className="ui-input"
          inputMode="numeric"
          autoComplete="off"
          maxLength={8}
          disabled={disabled}
          value={draft.text}
          onChange={(event) => draft.type(event.target.value)}
          onFocus={(event) => event.target.select()}
          onBlur={draft.leave}
          onKeyDown={press}
        />
      )}
    </FieldFrame>
  );
}

export interface DateFieldProps extends ValueFieldProps {
  /** Today where the user is, `YYYY-MM-DD`. */
  readonly today: string;
}

/** A day `YYYY-MM-DD`, typed in the order of the language or chosen in a calendar. */
export function DateField({ label, hideLabel, value, onChange, problem, disabled, className, today }: DateFieldProps) {
  const draft = useDraft(writeDay(value), (text) => readDay(text, today), onChange, texts.badDate);
  const calendar = (
    <DatePicker
      value={value}
      today={today}
      onChange={onChange}
      trigger={<IconButton icon="calendar" label={texts.chooseDate} disabled={disabled} />}
    />
  );
  return (
    <FieldFrame {...{ label, className, after: calendar, ...pick({ hideLabel, problem: draft.problem ?? problem }) }}>
      {(field) => (
        <input
          {...field}
          className="ui-input"
          inputMode="numeric"
          autoComplete="off"
          maxLength={10}
          disabled={disabled}
          value={draft.text}
          onChange={(event) => draft.type(event.target.value)}
          onBlur={draft.leave}
          onKeyDown={(event) => event.key === 'Enter' && draft.leave()}
        />
      )}
    </FieldFrame>
  );
}

export interface DatePickerProps {
  readonly value: string;
  readonly onChange: (day: string) => void;
  readonly today: string;
  /** The button that opens the calendar. */
  readonly trigger: ReactElement;
}

const MOVES: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const DAY_MS = 24 * 60 * 60_000;

/** A calendar of one month beside a button. Arrow keys move by days and weeks, PageUp and PageDown by months. */
export function DatePicker({ value, onChange, today, trigger }: DatePickerProps) {
  const [open, setOpen] = useState(false);
  const [focused, setFocused] = useState(value);
  const grid = useRef<HTMLDivElement>(null);
  const month = focused.slice(0, 7);
  useEffect(() => {
    if (open) grid.current?.querySelector<HTMLElement>(`[data-day="${focused}"]`)?.focus();
  }, [open, focused]);
  const show = (next: boolean) => {
    if (next) setFocused(value);
    setOpen(next);
  };
  const turn = (by: number) => setFocused(`${stepMonth(month, by)}-01`);
  const press = (event: KeyboardEvent) => {
    const days = MOVES[event.key];
    if (days !== undefined) setFocused(new Date(Date.parse(focused) + days * DAY_MS).toISOString().slice(0, 10));
    else if (event.key === 'PageUp') turn(-1);
    else if (event.key === 'PageDown') turn(1);
    else return;
    event.preventDefault();
  };
  const days = monthGrid(month);
  return (
    <Popover open={open} onOpenChange={show} trigger={trigger} label={texts.chooseDate}>
      <div className="ui-calendar-head">
        <IconButton icon="back" label={texts.previousMonth} onClick={() => turn(-1)} />
        <span aria-live="polite">{monthName(month)}</span>
        <IconButton icon="forward" label={texts.nextMonth} onClick={() => turn(1)} />
      </div>
      <div className="ui-calendar" ref={grid} onKeyDown={press}>
        {days.slice(0, 7).map((day) => (
          <span key={day} aria-hidden="true">
            {utc(day, { weekday: 'short' })}
          </span>
        ))}
        {days.map((day) => (
          <button
            key={day}
            type="button"
            data-day={day}
            className={classes('ui-calendar-day', day.slice(0, 7) !== month && 'ui-calendar-day-other')}
            tabIndex={day === focused ? 0 : -1}
            aria-label={utc(day, { weekday: 'long', day: 'numeric', month: 'long' })}
            aria-current={day === today ? 'date' : undefined}
            aria-pressed={day === value}
            onClick={() => {
              onChange(day);
              setOpen(false);
            }}
          >
            {Number(day.slice(8))}
          </button>
        ))}
      </div>
    </Popover>
  );
}

function utc(day: string, options: Intl.DateTimeFormatOptions): string {
  return dateFormat({ ...options, timeZone: 'UTC' }).format(new Date(`${day}T00:00Z`));
}

function monthName(month: string): string {
  const name = utc(`${month}-01`, { month: 'long', year: 'numeric' }).replace(/\sг\.$/, '');
  return name.charAt(0).toUpperCase() + name.slice(1);
}
