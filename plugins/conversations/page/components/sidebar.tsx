import {
  Button,
  EmptyState,
  Icon,
  IconButton,
  MenuCheck,
  MenuItem,
  MenuSeparator,
  SettingsMenu,
  Skeleton,
  errorText,
  toast,
  type Session,
} from '@sluice/web-ui';
import { useDeferredValue, useEffect, useRef, useState, type Ref } from 'react';
import { FILTERS, shown, type Filter } from '../model/discussion-list.js';
import type { Person } from '../model/shapes.js';
import { errors, texts } from '../texts.js';
import { useNotifications } from './notifications.js';
import { nameOf, useChat, useChatState } from './context.js';
import { DiscussionRow } from './discussion-row.js';
import { moveFocus } from './move-focus.js';
import { SearchResults } from './search-results.js';

interface SidebarProps {
  readonly session: Session;
  readonly selected: string | undefined;
  readonly searchField: Ref<HTMLInputElement>;
  readonly onOpen: (id: string, seq?: number) => void;
  readonly onCreate: () => void;
}

/** The list of discussions with search and filters. */
export function Sidebar({ session, selected, searchField, onOpen, onCreate }: SidebarProps) {
  const chat = useChat();
  const [search, setSearch] = useState('');
  const [filter, setFilter] = useState<Filter>('all');
  const [isArchive, setArchive] = useState(false);
  const notifications = useNotifications();
  const text = useDeferredValue(search.trim());

  const openPerson = async (person: Person) => {
    try {
      const discussion = await chat.openDiscussion({ kind: 'direct', members: [person.id] });
      onOpen(discussion.id);
      setSearch('');
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
    }
  };
  const showArchive = (next: boolean) => {
    setArchive(next);
    setFilter('all');
    if (next) void chat.loadArchive().catch((error: unknown) => toast(errorText(error, errors), { tone: 'bad' }));
  };

  return (
    <nav className="cv-sidebar" aria-label={texts.discussions} onKeyDown={moveFocus}>
      <header className="cv-sidebar-head">
        {isArchive && <IconButton icon="back" label={texts.leaveArchive} onClick={() => showArchive(false)} />}
        <h2>{isArchive ? texts.archiveOf : texts.title}</h2>
        <IconButton icon="add" label={texts.create} onClick={onCreate} />
        <SettingsMenu session={session} name={nameOf(chat.me.person)}>
          {notifications.isPossible && (
            <MenuCheck checked={notifications.isOn} onChange={(isOn) => void notifications.turn(isOn)}>
              {texts.notify}
            </MenuCheck>
          )}
          <MenuItem icon="inbox" onSelect={() => showArchive(!isArchive)}>
            {isArchive ? texts.leaveArchive : texts.archive}
          </MenuItem>
          <MenuSeparator />
        </SettingsMenu>
      </header>
      <div className="cv-search">
        <Icon name="search" small />
        <input
          ref={searchField}
          type="search"
          className="ui-input"
          aria-label={texts.search}
          placeholder={texts.searchHint}
          maxLength={200}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || search === '') return;
            event.stopPropagation();
            setSearch('');
          }}
        />
      </div>
      {search.trim() === '' && !isArchive && (
        <div className="cv-filters" role="group" aria-label={texts.filters}>
          {FILTERS.map((value) => (
            <button
              key={value}
              type="button"
              className="cv-filter"
              aria-pressed={value === filter}
              onClick={() => setFilter(value)}
            >
              {texts.filter[value]}
            </button>
          ))}
        </div>
      )}
      <div className="cv-items">
        {text !== '' && search.trim() !== '' ? (
          <SearchResults text={text} selected={selected} onOpen={onOpen} onPerson={(person) => void openPerson(person)} />
        ) : (
          <List filter={filter} isArchive={isArchive} selected={selected} onOpen={onOpen} onCreate={onCreate} />
        )}
      </div>
    </nav>
  );
}

interface ListProps {
  readonly filter: Filter;
  readonly isArchive: boolean;
  readonly selected: string | undefined;
  readonly onOpen: (id: string) => void;
  readonly onCreate: () => void;
}

function List({ filter, isArchive, selected, onOpen, onCreate }: ListProps) {
  const chat = useChat();
  const list = useChatState((state) => state.list);
  const next = useChatState((state) => state.next);
  const isLoaded = useChatState((state) => state.isListLoaded);
  const error = useChatState((state) => state.listError);
  const discussions = shown(list, filter, isArchive);
  const end = useRef<HTMLDivElement>(null);

  // the next page is read when the end of the list comes into view
  useEffect(() => {
    if (!end.current || !next || isArchive) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) void chat.loadMoreDiscussions().catch(() => undefined);
      },
      { rootMargin: '400px' },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [chat, next, isArchive, discussions.length]);

  if (!isLoaded && error !== undefined)
    return (
      <EmptyState
        icon="warning"
        title={texts.loadFailed}
        actions={<Button onClick={() => void chat.loadList()}>{texts.again}</Button>}
      >
        {errorText(error, errors)}
      </EmptyState>
    );
  if (!isLoaded)
    return (
      <div className="cv-items-loading" aria-busy="true" aria-label={texts.loading}>
        {[60, 40, 75, 50, 65, 45].map((width) => (
          <div key={width} className="ui-row">
            <Skeleton width="40px" height="40px" />
            <span className="ui-row-texts">
              <Skeleton width={`${width}%`} />
            </span>
          </div>
        ))}
      </div>
    );
  return (
    <>
      {discussions.map((one) => (
        <DiscussionRow key={one.id} discussion={one} isSelected={one.id === selected} onOpen={onOpen} />
      ))}
      {discussions.length === 0 && !next && <Nothing filter={filter} isArchive={isArchive} onCreate={onCreate} />}
      <div ref={end} />
    </>
  );
}

function Nothing({ filter, isArchive, onCreate }: Pick<ListProps, 'filter' | 'isArchive' | 'onCreate'>) {
  if (isArchive) return <EmptyState title={texts.noArchive}>{texts.noArchiveHelp}</EmptyState>;
  const [title, help] = {
    all: [texts.noDiscussions, texts.noDiscussionsHelp],
    unread: [texts.noUnread, texts.noUnreadHelp],
    direct: [texts.noDirect, texts.noDirectHelp],
    contextual: [texts.noContextual, texts.noContextualHelp],
  }[filter] as [string, string];
  return (
    <EmptyState
      icon={filter === 'unread' ? 'check' : 'inbox'}
      title={title}
      {...((filter === 'all' || filter === 'direct') && {
        actions: (
          <Button kind="primary" icon="add" onClick={onCreate}>
            {texts.create}
          </Button>
        ),
      })}
    >
      {help}
    </EmptyState>
  );
}
