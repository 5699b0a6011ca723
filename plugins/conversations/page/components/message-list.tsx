import { Button, EmptyState, Skeleton, classes } from '@sluice/web-ui';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { hasNewer, type MessageLog } from '../model/message-log.js';
import { shownPending } from '../model/outbox.js';
import { rowsOf } from '../model/rows.js';
import type { Discussion } from '../model/shapes.js';
import { counted, texts } from '../texts.js';
import { dayOf } from '../times.js';
import { nameOf, useChat, useChatState, usePerson } from './context.js';
import { MessageItem, type MessageActions } from './message-item.js';
import { PendingItem } from './pending-item.js';

const ESTIMATED_HEIGHT_PX = 48;
/** Older and newer messages are requested when this many rows are left. */
const MIN_ROWS_LEFT = 15;
/** Closer than this to the end, the list follows new messages. */
const END_PX = 80;

/** Where the list is placed: at a message, or at the end. A new object moves the list again. */
export interface Place {
  readonly seq?: number;
  readonly isHighlighted?: boolean;
}

interface MessageListProps {
  readonly discussion: Discussion;
  readonly log: MessageLog;
  readonly place: Place;
  readonly unreadAfter: number | undefined;
  readonly actions: MessageActions;
  readonly onToEnd: () => void;
}

/** The messages of a discussion. Only the rows near the window exist in the document. */
export function MessageList({ discussion, log, place, unreadAfter, actions, onToEnd }: MessageListProps) {
  const chat = useChat();
  const { id } = discussion;
  const outbox = useChatState((state) => state.outbox);
  const rows = useMemo(() => rowsOf(log.messages, { me: chat.myId, unreadAfter, dayOf }), [log.messages, chat.myId, unreadAfter]);
  const pending = useMemo(
    () => (hasNewer(log) ? [] : shownPending(outbox, id, log.messages.slice(-200), chat.myId)),
    [outbox, id, log, chat.myId],
  );
  const keys = useMemo(
    () => [...rows.map(({ message }) => message.seq), ...pending.map(({ message }) => message.clientId)],
    [rows, pending],
  );
  const scroller = useRef<HTMLDivElement>(null);
  const placed = useRef<Place>(undefined);
  const [isAtEnd, setAtEnd] = useState(true);
  const [focusedSeq, setFocusedSeq] = useState<number>();

  const virtualizer = useVirtualizer({
    count: keys.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATED_HEIGHT_PX,
    getItemKey: useCallback((index: number) => keys[index] ?? index, [keys]),
    overscan: 10,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    paddingStart: 12,
    paddingEnd: 12,
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;

  useLayoutEffect(() => {
    if (placed.current === place || rows.length === 0) return;
    const { seq } = place;
    if (seq === undefined) virtualizer.scrollToEnd();
    else {
      const index = rows.findIndex(({ message }) => message.seq >= seq);
      if (index < 0) return;
      if (place.isHighlighted) virtualizer.scrollToIndex(index, { align: 'center' });
      // one message above shows the context of the first unread one
      else virtualizer.scrollToIndex(Math.max(0, index - 1), { align: 'start' });
    }
    placed.current = place;
  }, [place, rows, virtualizer]);

  // an own message brings the reader to the end, also from the middle of the history
  const pendingCount = pending.length;
  const pendingBefore = useRef(pendingCount);
  useEffect(() => {
    if (pendingCount > pendingBefore.current) virtualizer.scrollToEnd();
    pendingBefore.current = pendingCount;
  }, [pendingCount, virtualizer]);

  useEffect(() => {
    if (placed.current !== place) return;
    if (first < MIN_ROWS_LEFT && log.hasOlder) void chat.loadOlder(id);
    if (last > keys.length - MIN_ROWS_LEFT && hasNewer(log)) void chat.loadNewer(id);
  }, [chat, id, first, last, keys.length, log, place]);

  const look = useCallback(() => {
    const atEnd = virtualizer.isAtEnd(END_PX) && !hasNewer(log);
    setAtEnd(atEnd);
    if (placed.current === undefined || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const bottom = (virtualizer.scrollOffset ?? 0) + (scroller.current?.clientHeight ?? 0);
    // a message counts as read when its first lines were in the window
    const seen = atEnd
      ? log.messages.at(-1)
      : rows[virtualizer.getVirtualItems().findLast((item) => item.start + 24 < bottom)?.index ?? -1]?.message;
    if (seen) chat.markRead(id, atEnd ? Math.max(seen.seq, log.to) : seen.seq);
  }, [chat, id, log, rows, virtualizer]);
  useEffect(() => {
    look();
    addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, [look]);

  const move = (event: KeyboardEvent) => {
    const article = event.target instanceof Element ? event.target.closest<HTMLElement>('.cv-message') : null;
    if (event.target !== article && event.target !== scroller.current) return;
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const seq = Number(article?.dataset['seq'] ?? focusedSeq ?? NaN);
    const from = rows.findIndex(({ message }) => message.seq === seq);
    const next = rows[from < 0 ? rows.length - 1 : Math.min(rows.length - 1, Math.max(0, from + step))]?.message.seq;
    if (next === undefined) return;
    setFocusedSeq(next);
    virtualizer.scrollToIndex(rows.findIndex(({ message }) => message.seq === next));
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-seq="${next}"]`)?.focus({ preventScroll: true }),
    );
  };

  if (keys.length === 0 && !log.hasOlder) return <EmptyState title={texts.empty}>{texts.emptyHelp}</EmptyState>;
  return (
    <div className="cv-list-frame">
      <div
        ref={scroller}
        className="cv-list"
        role="log"
        aria-live="off"
        aria-label={texts.messages}
        tabIndex={0}
        onScroll={look}
        onKeyDown={move}
      >
        <div className="cv-list-space" style={{ height: virtualizer.getTotalSize() }}>
          {log.hasOlder && first < MIN_ROWS_LEFT && (
            <div className="cv-list-loading" aria-busy="true">
              <Skeleton width="120px" />
            </div>
          )}
          {items.map((item) => {
            const row = rows[item.index];
            const post = row ? undefined : pending[item.index - rows.length];
            return (
              <div
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                className="cv-row"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {row && (
                  <MessageItem
                    row={row}
                    discussion={discussion}
                    isFound={place.isHighlighted === true && row.message.seq === place.seq}
                    actions={actions}
                  />
                )}
                {post && <PendingItem post={post} />}
              </div>
            );
          })}
        </div>
      </div>
      <Announcement log={log} />
      {!isAtEnd && (
        <Button
          className={classes('cv-to-end', discussion.unread > 0 && 'cv-to-end-new')}
          icon="down"
          onClick={() => (hasNewer(log) ? onToEnd() : virtualizer.scrollToEnd())}
          aria-label={discussion.unread > 0 ? `${texts.toEnd}: ${counted(discussion.unread, 'unread')}` : texts.toEnd}
        >
          {discussion.unread > 0 && <span aria-hidden="true">{discussion.unread}</span>}
        </Button>
      )}
    </div>
  );
}

/** Reads new messages of others out to screen readers. The list itself is no live region, because scrolling changes it as well. */
function Announcement({ log }: { readonly log: MessageLog }) {
  const { myId } = useChat();
  const newest = log.messages.at(-1);
  const [seenSeq] = useState(log.lastSeq);
  const isNew = newest !== undefined && newest.seq > seenSeq && newest.author !== myId;
  const author = usePerson(isNew ? newest.author : undefined);
  return (
    <div className="ui-hidden" aria-live="polite">
      {isNew && `${nameOf(author)}: ${newest.text.slice(0, 300)}`}
    </div>
  );
}
