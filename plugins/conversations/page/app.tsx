import {
  Banner,
  Button,
  EmptyState,
  LiveConnection,
  OfflineBanner,
  errorText,
  keyStore,
  toast,
  useLiveStatus,
  type Session,
} from '@sluice/web-ui';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { Chat } from './client/chat.js';
import { ConversationsApi } from './client/conversations-api.js';
import { ChatContext, nameOf, useChat, useChatState } from './components/context.js';
import { DiscussionFrame, DiscussionView, MessagesLoading } from './components/discussion-view.js';
import { NewDiscussion } from './components/new-discussion.js';
import { notify } from './components/notifications.js';
import { QuickSwitch } from './components/quick-switch.js';
import { Sidebar } from './components/sidebar.js';
import { otherOf, unreadDiscussions } from './model/discussion-list.js';
import { plainName } from './model/people-names.js';
import { useRoute, type ContextualRoute } from './route.js';
import { errors, texts } from './texts.js';

/** People that are read at the start, so that a small organisation needs no further requests for names. */
const PEOPLE_AT_START = 100;

/** Opens the conversations of the host: the connection of the address (`?connection=`), or the first one. */
export function App({ session }: { readonly session: Session }) {
  const queries = useQueryClient();
  const opened = useQuery({
    queryKey: ['chat'],
    queryFn: async () => {
      const given = new URLSearchParams(location.search).get('connection');
      const connection = given ?? (await ConversationsApi.connections(session))[0];
      if (connection === undefined) return null;
      const api = new ConversationsApi(session, connection);
      const [me, people] = await Promise.all([
        api.me(),
        // names can be read one by one as well
        api.people('', PEOPLE_AT_START).catch(() => ({ people: [] })),
      ]);
      for (const person of [...people.people, me.person]) queries.setQueryData(['person', person.id], person);
      const live = new LiveConnection({ token: () => session.token, login: me.person.sub });
      return new Chat(api, live, me, connection, keyStore('local'));
    },
    staleTime: Infinity,
  });
  if (opened.error)
    return (
      <Frame>
        <EmptyState
          icon="warning"
          title={texts.openFailed}
          actions={
            <Button kind="primary" onClick={() => void opened.refetch()}>
              {texts.again}
            </Button>
          }
        >
          {errorText(opened.error, errors)}
        </EmptyState>
      </Frame>
    );
  if (opened.data === undefined) return <Frame isBusy />;
  if (opened.data === null)
    return (
      <Frame>
        <EmptyState title={texts.noConnection}>{texts.noConnectionHelp}</EmptyState>
      </Frame>
    );
  return (
    <ChatContext value={opened.data}>
      <Conversations chat={opened.data} session={session} />
    </ChatContext>
  );
}

function Conversations({ chat, session }: { readonly chat: Chat; readonly session: Session }) {
  const queries = useQueryClient();
  const { route, go } = useRoute();
  const [layer, setLayer] = useState<'quick' | 'new'>();
  const search = useRef<HTMLInputElement>(null);
  const current = useRef(route);
  current.current = route;

  const open = useCallback(
    (id: string, seq?: number) => {
      setLayer(undefined);
      go({ discussion: id, ...(seq !== undefined && { seq }) });
    },
    [go],
  );
  const back = useCallback(() => go({}), [go]);

  useEffect(
    () =>
      chat.start({
        onMessage: (message, discussion) => {
          void queries
            .fetchQuery({
              queryKey: ['person', message.author],
              queryFn: () => chat.api.person(message.author),
              staleTime: 60_000,
            })
            .catch(() => undefined)
            .then((author) => {
              const isDirect = otherOf(discussion, chat.myId) !== undefined;
              const title = isDirect ? '' : plainName(discussion.title);
              notify({ message, discussion, me: chat.myId, author: nameOf(author), title, onOpen: () => open(discussion.id) });
            });
        },
        onLeft: (id) => {
          if (current.current.discussion !== id) return;
          toast(texts.left);
          back();
        },
      }),
    [chat, queries, open, back],
  );

  useEffect(() => {
    const press = (event: globalThis.KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.code === 'KeyK') {
        event.preventDefault();
        setLayer((now) => (now === 'quick' ? undefined : 'quick'));
      } else if (
        event.key === 'Escape' &&
        !event.defaultPrevented &&
        document.querySelector('[role="dialog"], [role="menu"]') === null
      ) {
        search.current?.focus();
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);

  return (
    <Frame>
      <Connection chat={chat} />
      <Title />
      <div className="cv-page" data-open={route.discussion !== undefined || route.contextual !== undefined}>
        <Sidebar
          session={session}
          selected={route.discussion}
          searchField={search}
          onOpen={open}
          onCreate={() => setLayer('new')}
        />
        <div className="cv-main">
          {route.discussion !== undefined ? (
            <DiscussionView key={route.discussion} id={route.discussion} at={route.seq} onBack={back} />
          ) : route.contextual !== undefined ? (
            <OpenContextual route={route.contextual} onOpened={(id) => go({ discussion: id }, 'replace')} onBack={back} />
          ) : (
            <EmptyState title={texts.choose}>{texts.chooseHelp}</EmptyState>
          )}
        </div>
      </div>
      {layer === 'quick' && <QuickSwitch onClose={() => setLayer(undefined)} onOpen={open} />}
      {layer === 'new' && <NewDiscussion onClose={() => setLayer(undefined)} onOpened={open} />}
    </Frame>
  );
}

/** The only landmark `main` and heading of the first level, whichever half of the page a telephone shows. */
function Frame({ isBusy = false, children }: { readonly isBusy?: boolean; readonly children?: ReactNode }) {
  return (
    <main className="cv-frame" aria-busy={isBusy}>
      <h1 className="ui-hidden">{texts.title}</h1>
      {children}
    </main>
  );
}

interface OpenContextualProps {
  readonly route: ContextualRoute;
  readonly onOpened: (id: string) => void;
  readonly onBack: () => void;
}

/** Opens the discussion of a document by the key in the address. */
function OpenContextual({ route, onOpened, onBack }: OpenContextualProps) {
  const chat = useChat();
  const opened = useQuery({
    queryKey: ['contextual', route.key],
    queryFn: () => chat.openDiscussion({ kind: 'contextual', members: [], ...route }),
    gcTime: 0,
  });
  const id = opened.data?.id;
  useEffect(() => {
    if (id !== undefined) onOpened(id);
  }, [id, onOpened]);
  return (
    <DiscussionFrame onBack={onBack}>
      {opened.error ? (
        <EmptyState
          icon="warning"
          title={texts.loadFailed}
          actions={<Button onClick={() => void opened.refetch()}>{texts.again}</Button>}
        >
          {errorText(opened.error, errors)}
        </EmptyState>
      ) : (
        <MessagesLoading />
      )}
    </DiscussionFrame>
  );
}

/** The line across the page while there is no connection. */
function Connection({ chat }: { readonly chat: Chat }) {
  const status = useLiveStatus(chat.live);
  const isUnreachable = useChatState((state) => state.isUnreachable);
  const listError = useChatState((state) => state.listError);
  const isLoaded = useChatState((state) => state.isListLoaded);
  if (status === 'offline' || isUnreachable) return <OfflineBanner isOffline>{texts.offline}</OfflineBanner>;
  if (isLoaded && listError !== undefined) return <Banner tone="bad">{errorText(listError, errors)}</Banner>;
  return null;
}

/** The number of discussions with new messages in the title of the window. */
function Title() {
  const list = useChatState((state) => state.list);
  const count = unreadDiscussions(list, Date.now());
  useEffect(() => {
    document.title = count > 0 ? `(${count}) ${texts.title}` : texts.title;
  }, [count]);
  return null;
}
