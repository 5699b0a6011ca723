import {
  ApiError,
  Button,
  EmptyState,
  OfflineBanner,
  PageShell,
  Skeleton,
  errorText,
  type ApiClient,
  type Session,
} from '@sluice/web-ui';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { AgendaView } from './agenda-view.js';
import { CalendarApi } from './api.js';
import { CallCards } from './call-cards.js';
import { Calendar } from './calendar.js';
import { DayView } from './day-view.js';
import { EntryDialog } from './entry-dialog.js';
import { partsOn } from './geometry.js';
import { Header, useSearch } from './header.js';
import { listenToKeys } from './keys.js';
import { StatusMark } from './status-mark.js';
import { texts } from './texts.js';
import { WeekView, weekOf } from './week-view.js';

const ZOOM = { step: 1.4, min: 0.7, max: 4 };
const NARROW = matchMedia('(max-width: 640px)');

interface AppProps {
  readonly client: ApiClient;
  readonly session: Session;
}

/** Opens the calendar that the address names, and shows it or the reason why it cannot be opened. */
export function App({ client, session }: AppProps) {
  const opened = useQuery({
    queryKey: ['calendar'],
    queryFn: async () => {
      const api = await CalendarApi.open(client, new URLSearchParams(location.search).get('journal'));
      const calendar = new Calendar(api, session, await api.info());
      await calendar.start();
      return calendar;
    },
    staleTime: Infinity,
    gcTime: Infinity,
  });
  if (opened.data) return <CalendarPage calendar={opened.data} session={session} />;
  if (opened.isError) return <Failure error={opened.error} session={session} retry={() => void opened.refetch()} />;
  return (
    <PageShell header={<h1>{texts.title}</h1>}>
      <div className="loading" aria-busy="true">
        {[0, 1, 2, 3, 4, 5].map((row) => (
          <Skeleton key={row} height="100%" />
        ))}
      </div>
    </PageShell>
  );
}

interface FailureProps {
  readonly error: unknown;
  readonly session: Session;
  readonly retry: () => void;
}

function Failure({ error, session, retry }: FailureProps) {
  const own = { FORBIDDEN: texts.mayNotRead, TIMELINE_MISSING: texts.noCalendar };
  const actions = (
    <>
      <Button kind="primary" onClick={retry}>
        {texts.again}
      </Button>
      {error instanceof ApiError && (
        <Button
          onClick={() => {
            session.signOut();
            retry();
          }}
        >
          {texts.otherToken}
        </Button>
      )}
    </>
  );
  return (
    <PageShell header={<h1>{texts.title}</h1>}>
      <EmptyState icon="warning" title={texts.notOpened} actions={actions}>
        <p>{errorText(error, own)}</p>
      </EmptyState>
    </PageShell>
  );
}

function CalendarPage({ calendar, session }: { readonly calendar: Calendar; readonly session: Session }) {
  const state = useSyncExternalStore(calendar.subscribe, () => calendar.state);
  const isNarrow = useSyncExternalStore(onNarrow, () => NARROW.matches);
  const [zoom, setZoom] = useState(1);
  const searching = useSearch();
  const { mode, day, info, filter, entries, isOffline, isLive, open } = state;
  const hasResources = info.resources.some((resource) => !resource.archived);

  const turnZoom = (direction: 'in' | 'out') =>
    setZoom((now) => Math.min(ZOOM.max, Math.max(ZOOM.min, direction === 'in' ? now * ZOOM.step : now / ZOOM.step)));
  const { setSearching, search } = searching;
  useEffect(
    () =>
      listenToKeys({
        turn: (pages) => calendar.turn(pages),
        zoom: turnZoom,
        today: () => calendar.showToday(),
        mode: (next) => calendar.show(next, calendar.state.day),
        create: () => void calendar.create(),
        search: () => {
          setSearching(true);
          search.current?.focus();
        },
      }),
    [calendar, setSearching, search],
  );
  // tests and measurements wait for these
  useEffect(() => {
    document.body.dataset['ready'] = 'yes';
    if (isLive) document.body.dataset['live'] = 'stomp';
    else delete document.body.dataset['live'];
  }, [isLive]);
  const found = useMemo(() => {
    if (filter.text.trim() === '') return 0;
    const days = mode === 'week' ? weekOf(day) : [day];
    return new Set(days.flatMap((one) => partsOn(entries, one).map((part) => part.entry.id))).size;
  }, [filter.text, mode, day, entries]);

  const view =
    mode === 'day' ? (
      <DayView calendar={calendar} state={state} zoom={zoom} />
    ) : isNarrow ? (
      <AgendaView calendar={calendar} state={state} />
    ) : (
      <WeekView calendar={calendar} state={state} />
    );
  return (
    <PageShell
      header={<Header {...{ calendar, state, session, found, ...searching }} zoom={turnZoom} isUsable={hasResources} />}
      banners={<OfflineBanner isOffline={isOffline}>{texts.offline}</OfflineBanner>}
    >
      {hasResources ? (
        <>
          {view}
          <footer className="legend ui-wide">
            {info.statuses.map((status) => (
              <StatusMark key={status} status={status} />
            ))}
          </footer>
        </>
      ) : (
        <EmptyState icon="people" title={texts.noResources}>
          <p>{texts.noResourcesHelp}</p>
        </EmptyState>
      )}
      <CallCards calendar={calendar} state={state} />
      {open && <EntryDialog key={open.id} calendar={calendar} state={state} open={open} />}
    </PageShell>
  );
}

function onNarrow(changed: () => void): () => void {
  NARROW.addEventListener('change', changed);
  return () => NARROW.removeEventListener('change', changed);
}
