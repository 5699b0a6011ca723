import { EmptyState, ListRow } from '@sluice/web-ui';
import { useMemo } from 'react';
import { spanOf } from './api.js';
import type { Calendar, CalendarState } from './calendar.js';
import { partsOn } from './geometry.js';
import { StatusMark } from './status-mark.js';
import { texts } from './texts.js';
import { dayName, weekOf } from './week-view.js';

/** The week on a telephone: a list of the entries of each day. */
export function AgendaView({ calendar, state }: { readonly calendar: Calendar; readonly state: CalendarState }) {
  const { entries, day, today, isLoading } = state;
  const days = useMemo(() => weekOf(day).map((one) => ({ day: one, parts: partsOn(entries, one) })), [entries, day]);
  const isEmpty = days.every(({ parts }) => parts.length === 0);
  if (isEmpty && !isLoading) return <EmptyState icon="calendar" title={texts.noEntries} />;
  return (
    <div className="agenda">
      {days
        .filter(({ parts, day: one }) => parts.length > 0 || one === today)
        .map(({ day: one, parts }) => (
          <section key={one}>
            <h2>
              <button type="button" className="agenda-day" onClick={() => calendar.show('day', one)}>
                {dayName(one, 'long')}
              </button>
            </h2>
            {parts.length === 0 && <p className="agenda-empty">{texts.noEntries}</p>}
            {parts.map(({ entry }) => (
              <div key={entry.id} data-entry={entry.id}>
                <ListRow
                  title={entry.client || entry.phone || texts.entry}
                  subtitle={entry.resource.name}
                  meta={spanOf(entry)}
                  trailing={<StatusMark status={entry.status} />}
                  onClick={() => calendar.openEntry(entry.id)}
                />
              </div>
            ))}
          </section>
        ))}
    </div>
  );
}
