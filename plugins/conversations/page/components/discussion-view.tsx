import { Button, Dialog, EmptyState, IconButton, Skeleton, errorText, toast } from '@sluice/web-ui';
import { useCallback, useEffect, useMemo, useState, type DragEvent, type ReactNode } from 'react';
import { isMuted, otherOf } from '../model/discussion-list.js';
import type { Discussion, Message } from '../model/shapes.js';
import { counted, errors, texts } from '../texts.js';
import { shortTime } from '../times.js';
import { Composer } from './composer.js';
import { useChat, useChatState, useNames, usePerson, useTitle } from './context.js';
import { Details } from './details.js';
import { DiscussionPicture } from './discussion-picture.js';
import { Glyph } from './glyph.js';
import { HistoryDialog } from './history-dialog.js';
import type { MessageActions } from './message-item.js';
import { MessageList, type Place } from './message-list.js';
import { ObjectLink } from './object-link.js';
import { useUploads } from './use-uploads.js';

interface DiscussionViewProps {
  readonly id: string;
  /** A message to show, such as one that was found. */
  readonly at: number | undefined;
  readonly onBack: () => void;
}

/** The open discussion: its head, its messages and the composer. */
export function DiscussionView({ id, at, onBack }: DiscussionViewProps) {
  const chat = useChat();
  const discussion = useChatState((state) => state.list.get(id));
  const log = useChatState((state) => state.logs.get(id));
  const error = useChatState((state) => state.logErrors.get(id));
  const [place, setPlace] = useState<Place>();
  const [unreadAfter, setUnreadAfter] = useState<number>();
  const [reply, setReply] = useState<Message>();
  const [editing, setEditing] = useState<Message>();
  const [removing, setRemoving] = useState<Message>();
  const [history, setHistory] = useState<Message>();
  const [isOver, setOver] = useState(false);
  const uploads = useUploads(id);

  const jump = useCallback(
    async (seq: number) => {
      await chat.open(id, seq);
      setPlace({ seq, isHighlighted: true });
    },
    [chat, id],
  );

  // the list of messages is shown once its place is known: otherwise its end would count as read before the first unread message is shown
  useEffect(() => {
    let isCurrent = true;
    const show = async () => {
      const before = chat.state.list.get(id);
      await chat.open(id, at);
      const known = before ?? chat.state.list.get(id);
      if (!isCurrent || !known) return;
      if (known.unread > 0) setUnreadAfter(known.readSeq);
      const first = chat.state.logs.get(id)?.messages.find((one) => one.seq > known.readSeq && one.author !== chat.myId);
      if (at !== undefined) setPlace({ seq: at, isHighlighted: true });
      else setPlace(known.unread > 0 && first ? { seq: first.seq } : {});
    };
    void show();
    return () => {
      isCurrent = false;
    };
  }, [chat, id, at]);

  // messages that arrive while the window is in the background get a line as well
  const unread = discussion?.unread ?? 0;
  useEffect(() => {
    if (unread > 0 && !document.hasFocus()) setUnreadAfter((now) => now ?? chat.state.list.get(id)?.readSeq);
  }, [chat, id, unread]);

  const toEnd = useCallback(async () => {
    await chat.openEnd(id);
    setPlace({});
  }, [chat, id]);

  const editLast = () => {
    const last = log?.messages.findLast((one) => one.author === chat.myId && one.deletedAt === undefined);
    if (last) setEditing(last);
  };
  const done = () => {
    setReply(undefined);
    setEditing(undefined);
  };
  const actions: MessageActions = useMemo(
    () => ({
      onReply: (message) => {
        setEditing(undefined);
        setReply(message);
      },
      onEdit: (message) => {
        setReply(undefined);
        setEditing(message);
      },
      onRemove: setRemoving,
      onHistory: setHistory,
      onJump: (seq) => void jump(seq),
    }),
    [jump],
  );

  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    uploads.add(event.dataTransfer.files);
  };
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');

  if (!discussion)
    return (
      <DiscussionFrame onBack={onBack}>
        {error === undefined ? (
          <MessagesLoading />
        ) : (
          <EmptyState
            icon="warning"
            title={texts.loadFailed}
            actions={<Button onClick={() => void chat.open(id)}>{texts.again}</Button>}
          >
            {errorText(error, errors)}
          </EmptyState>
        )}
      </DiscussionFrame>
    );

  return (
    <section
      className="cv-discussion"
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => event.currentTarget.contains(event.relatedTarget as Node | null) || setOver(false)}
      onDrop={drop}
    >
      <Head discussion={discussion} onBack={onBack} />
      {log && place ? (
        <MessageList
          discussion={discussion}
          log={log}
          place={place}
          unreadAfter={unreadAfter}
          actions={actions}
          onToEnd={() => void toEnd()}
        />
      ) : error === undefined ? (
        <MessagesLoading />
      ) : (
        <EmptyState
          icon="warning"
          title={texts.loadFailed}
          actions={<Button onClick={() => void chat.open(id)}>{texts.again}</Button>}
        >
          {errorText(error, errors)}
        </EmptyState>
      )}
      <Typing id={id} />
      {discussion.archivedAt === undefined ? (
        <Composer
          discussion={discussion}
          reply={reply}
          editing={editing}
          uploads={uploads}
          onDone={done}
          onSent={() => {
            setUnreadAfter(undefined);
            const now = chat.state.logs.get(id);
            if (now && !now.isFollowing) void toEnd();
          }}
          onEditLast={editLast}
        />
      ) : (
        <Archived discussion={discussion} />
      )}
      {isOver && (
        <div className="cv-drop">
          <Glyph name="clip" />
          {texts.dropHere}
        </div>
      )}
      <RemoveDialog message={removing} onClose={() => setRemoving(undefined)} />
      <HistoryDialog message={history} onClose={() => setHistory(undefined)} />
    </section>
  );
}

/** The place of a discussion that is not known yet. */
export function DiscussionFrame({ onBack, children }: { readonly onBack: () => void; readonly children: ReactNode }) {
  return (
    <section className="cv-discussion">
      <header className="ui-header">
        <IconButton icon="back" label={texts.back} className="cv-back" onClick={onBack} />
      </header>
      {children}
    </section>
  );
}

function Head({ discussion, onBack }: { readonly discussion: Discussion; readonly onBack: () => void }) {
  const { myId } = useChat();
  const title = useTitle(discussion);
  const other = usePerson(otherOf(discussion, myId), true);
  const [isOpen, setOpen] = useState(false);
  const presence = other?.isOnline
    ? texts.online
    : other?.seenAt === undefined
      ? texts.direct
      : `${texts.seen} ${shortTime(other.seenAt)}`;
  const members = counted(discussion.memberCount, 'members');
  const about =
    discussion.kind === 'direct' ? presence : discussion.kind === 'contextual' ? `${texts.contextual} · ${members}` : members;
  return (
    <header className="ui-header cv-head-row">
      <IconButton icon="back" label={texts.back} className="cv-back" onClick={onBack} />
      <button type="button" className="cv-head-title" onClick={() => setOpen(true)}>
        <DiscussionPicture discussion={discussion} />
        <span className="cv-head-texts">
          <h2>
            <bdi>{title}</bdi>
            {isMuted(discussion, Date.now()) && <Glyph name="mute" small />}
          </h2>
          <span className="cv-head-about">
            {other?.isOnline && <span className="cv-online" aria-hidden="true" />}
            {about}
          </span>
        </span>
      </button>
      {discussion.context !== undefined && (
        <span className="ui-wide">
          <ObjectLink link={discussion.context} />
        </span>
      )}
      <IconButton icon="info" label={texts.details} onClick={() => setOpen(true)} />
      {isOpen && <Details discussion={discussion} title={title} onClose={() => setOpen(false)} onLeft={onBack} />}
    </header>
  );
}

function Typing({ id }: { readonly id: string }) {
  const typing = useChatState((state) => state.typing.get(id)) ?? NOBODY;
  const names = useNames(typing.slice(0, 3));
  return (
    <div className="cv-typing" role="status">
      {names.length > 0 && (
        <>
          <span className="cv-typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span>
            <bdi>{names.join(', ')}</bdi> {names.length > 1 ? texts.typingMany : texts.typingOne}
          </span>
        </>
      )}
    </div>
  );
}

const NOBODY: readonly string[] = [];

function Archived({ discussion }: { readonly discussion: Discussion }) {
  const chat = useChat();
  const restore = async () => {
    try {
      chat.addDiscussion(await chat.api.change(discussion.id, { isArchived: false }));
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
    }
  };
  return (
    <div className="cv-archived">
      <Glyph name="archive" />
      <span>{texts.archived}</span>
      {discussion.role === 'owner' && <Button onClick={() => void restore()}>{texts.restore}</Button>}
    </div>
  );
}

function RemoveDialog({ message, onClose }: { readonly message: Message | undefined; readonly onClose: () => void }) {
  const chat = useChat();
  const [isBusy, setBusy] = useState(false);
  const remove = async () => {
    if (!message) return;
    setBusy(true);
    try {
      await chat.remove(message.discussion, message.seq);
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
    } finally {
      setBusy(false);
      onClose();
    }
  };
  return (
    <Dialog
      open={message !== undefined}
      title={texts.removeAsk}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{texts.cancel}</Button>
          <Button kind="danger" busy={isBusy} onClick={() => void remove()}>
            {texts.remove}
          </Button>
        </>
      }
    >
      {texts.removeHelp}
    </Dialog>
  );
}

export function MessagesLoading() {
  return (
    <div className="cv-messages-loading" aria-busy="true" aria-label={texts.loading}>
      {[70, 45, 60, 30, 55].map((width) => (
        <div key={width} className="cv-message cv-message-first">
          <div className="cv-gutter">
            <Skeleton width="32px" height="32px" />
          </div>
          <div className="cv-body">
            <Skeleton width="120px" />
            <Skeleton width={`${width}%`} height="16px" />
          </div>
        </div>
      ))}
    </div>
  );
}
