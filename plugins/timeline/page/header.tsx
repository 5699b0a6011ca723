import {
  Button,
  DatePicker,
  Dialog,
  IconButton,
  MenuCheck,
  Menu,
  MenuItem,
  MenuLabel,
  MenuRadio,
  MenuSeparator,
  Segments,
  SettingsMenu,
  TextField,
  classes,
  dateFormat,
  type Session,
} from '@sluice/web-ui';
import { useEffect, useRef, useState, type RefObject } from 'react';
import type { Calendar, CalendarState, Mode } from './calendar.js';
import type { Status } from './model.js';
import { StatusMark } from './status-mark.js';
import { texts } from './texts.js';
import { addDays, mondayOf } from './zone.js';

interface HeaderProps {
  readonly calendar: Calendar;
  readonly state: CalendarState;
  readonly session: Session;
  readonly zoom: (direction: 'in' | 'out') => void;
  /** False while the calendar has no resources: nothing can be shown or created. */
  readonly isUsable: boolean;
  /** Number of matching entries in the visible days. */
  readonly found: number;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly isSearching: boolean;
  readonly setSearching: (isSearching: boolean) => void;
}

const MODES: readonly { readonly value: Mode; readonly label: string }[] = [
  { value: 'day', label: texts.day },
  { value: 'week', label: texts.week },
];

/** The header: one row, also on a telephone, where the settings menu takes what does not fit. */
export function Header(props: HeaderProps) {
  const { calendar, state, session, zoom, isUsable, found, search, isSearching, setSearching } = props;
  const { mode, day, today, info, filter } = state;
  const [showsKeys, setShowsKeys] = useState(false);
  const isWeek = mode === 'week';
  const setMode = (next: Mode) => calendar.show(next, day);
  const settings = (
    <SettingsMenu session={session} name={info.me.canWrite ? info.me.name : `${info.me.name} · ${texts.readOnly}`}>
      {isUsable && (
        <>
          <div className="ui-narrow">
            <MenuLabel>{texts.view}</MenuLabel>
            <MenuRadio value={mode} onChange={setMode} options={MODES} />
            <MenuItem icon="calendar" onSelect={() => calendar.showToday()}>
              {texts.today}
            </MenuItem>
            <MenuLabel>{texts.statuses}</MenuLabel>
            <StatusChecks calendar={calendar} state={state} />
            <MenuSeparator />
          </div>
          <MenuItem icon="help" onSelect={() => setShowsKeys(true)}>
            {texts.help}
          </MenuItem>
        </>
      )}
    </SettingsMenu>
  );
  return (
    <>
      <h1 className={classes('title', isUsable && 'ui-wide')}>{texts.title}</h1>
      {isUsable ? (
        <>
          <div className={classes('bar', isSearching && 'bar-searching')}>
            <IconButton icon="back" label={isWeek ? texts.previousWeek : texts.previousDay} onClick={() => calendar.turn(-1)} />
            <DatePicker
              value={day}
              today={today}
              onChange={(next) => calendar.show(mode, next)}
              trigger={
                <Button kind="quiet" className="date" aria-label={`${texts.date}: ${dateTitle(day, mode)}`}>
                  {dateTitle(day, mode)}
                </Button>
              }
            />
            <IconButton icon="forward" label={isWeek ? texts.nextWeek : texts.nextDay} onClick={() => calendar.turn(1)} />
            <Button className="ui-wide" onClick={() => calendar.showToday()}>
              {texts.today}
            </Button>
            <div className="ui-wide">
              <Segments label={texts.view} value={mode} onChange={setMode} options={MODES} />
            </div>
            {!isWeek && (
              <div className="ui-wide group">
                <IconButton icon="zoomOut" label={texts.zoomOut} onClick={() => zoom('out')} />
                <IconButton icon="zoomIn" label={texts.zoomIn} onClick={() => zoom('in')} />
              </div>
            )}
          </div>
          <span className="ui-gap" />
          {!info.me.canWrite && <em className="ui-wide read-only">{texts.readOnly}</em>}
          <div className={classes('search', !isSearching && filter.text === '' && 'search-closed')}>
            <TextField
              ref={search}
              label={texts.search}
              hideLabel
              type="search"
              role="searchbox"
              placeholder={texts.searchHelp}
              value={filter.text}
              onChange={(text) => calendar.setFilter({ ...filter, text })}
              onKeyDown={(event) => {
                if (event.key !== 'Escape') return;
                calendar.setFilter({ ...filter, text: '' });
                setSearching(false);
                event.currentTarget.blur();
              }}
              onBlur={() => setSearching(false)}
            />
            <output className="found">{filter.text.trim() && (found === 0 ? texts.notFound : texts.found(found))}</output>
          </div>
          {!isSearching && filter.text === '' && (
            <span className="ui-narrow">
              <IconButton icon="search" label={texts.search} onClick={() => setSearching(true)} />
            </span>
          )}
          <span className="ui-wide">
            <Menu trigger={<IconButton icon="filter" label={texts.statuses} />}>
              <StatusChecks calendar={calendar} state={state} />
            </Menu>
          </span>
          {info.me.canWrite && (
            <Button
              kind="primary"
              icon="add"
              className="create"
              aria-label={texts.newEntry}
              onClick={() => void calendar.create()}
            >
              <span className="ui-wide">{texts.newEntry}</span>
            </Button>
          )}
        </>
      ) : (
        <span className="ui-gap" />
      )}
      {settings}
      <Dialog open={showsKeys} onClose={() => setShowsKeys(false)} title={texts.help}>
        <dl className="keys">
          {texts.keys.map(([key, meaning]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </Dialog>
    </>
  );
}

/** Opens the search of a telephone and focuses it. */
export function useSearch(): Pick<HeaderProps, 'search' | 'isSearching' | 'setSearching'> {
  const search = useRef<HTMLInputElement>(null);
  const [isSearching, setSearching] = useState(false);
  useEffect(() => {
    if (isSearching) search.current?.focus();
  }, [isSearching]);
  return { search, isSearching, setSearching };
}

function StatusChecks({ calendar, state }: { readonly calendar: Calendar; readonly state: CalendarState }) {
  const { filter, info } = state;
  const toggle = (status: Status, isOn: boolean) => {
    const statuses = new Set(filter.statuses);
    if (isOn) statuses.add(status);
    else statuses.delete(status);
    calendar.setFilter({ ...filter, statuses });
  };
  return info.statuses.map((status) => (
    <MenuCheck key={status} checked={filter.statuses.has(status)} onChange={(isOn) => toggle(status, isOn)}>
      <StatusMark status={status} />
    </MenuCheck>
  ));
}

/** Returns "Пн, 2 февраля" for a day, and the first and the last day for a week. */
function dateTitle(day: string, mode: Mode): string {
  const at = (one: string) => new Date(`${one}T00:00Z`);
  if (mode === 'week') {
    const monday = mondayOf(day);
    return dateFormat({ day: 'numeric', month: 'short', timeZone: 'UTC' }).formatRange(at(monday), at(addDays(monday, 6)));
  }
  const title = dateFormat({ weekday: 'short', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(at(day));
  return title.charAt(0).toUpperCase() + title.slice(1);
}
