import { Avatar, Button, Icon, Menu, MenuItem, MenuSeparator, Popover, Tooltip, classes, errorText, toast } from '@sluice/web-ui';
import { useQuery } from '@tanstack/react-query';
import { memo, useState } from 'react';
import { readersOf } from '../model/discussion-list.js';
import { safeUrl } from '../model/rich-text.js';
import type { Button as PanelButton, Discussion, Message } from '../model/shapes.js';
import type { MessageRow } from '../model/rows.js';
import { counted, errors, texts } from '../texts.js';
import { dayTitle, fullTime, timeOf } from '../times.js';
import { Attachments } from './attachments.js';
import { nameOf, useAttachmentUrl, useChat, useChatState, useNames, usePerson } from './context.js';
import { Glyph, GlyphButton } from './glyph.js';
import { ObjectLink } from './object-link.js';
import { MessageQuote } from './quote.js';
import { RichText } from './rich-text.js';

const QUICK_REACTIONS = ['👍', '❤️', '😄', '🎉', '😮', '😢', '✅', '👀', '🙏', '🔥', '👎', '❓'];

export interface MessageActions {
  readonly onReply: (message: Message) => void;
  readonly onEdit: (message: Message) => void;
  readonly onRemove: (message: Message) => void;
  readonly onHistory: (message: Message) => void;
  readonly onJump: (seq: number) => void;
}

interface MessageItemProps {
  readonly row: MessageRow;
  readonly discussion: Discussion;
  readonly isFound: boolean;
  readonly actions: MessageActions;
}

/** A message with what is drawn above it: the day, the line of new messages, and at the start of a group the author. */
export const MessageItem = memo(function MessageItem({ row, discussion, isFound, actions }: MessageItemProps) {
  const { message, startsDay, startsGroup, endsGroup, isFirstUnread } = row;
  const chat = useChat();
  const author = usePerson(message.author);
  const name = nameOf(author);
  const isMine = message.author === chat.myId;
  const isDeleted = message.deletedAt !== undefined;
  // the tools are created when they are needed: a menu for each message would slow a long list down
  const [isTouched, setTouched] = useState(false);
  const touch = () => setTouched(true);
  return (
    <>
      {startsDay && (
        <div className="cv-day">
          <span>{dayTitle(message.at)}</span>
        </div>
      )}
      {isFirstUnread && (
        <div className="cv-unread-line">
          <span>{texts.newMessages}</span>
        </div>
      )}
      <article
        className={classes(
          'cv-message',
          startsGroup && 'cv-message-first',
          endsGroup && 'cv-message-last',
          isMine && 'cv-message-mine',
          isFound && 'cv-message-found',
        )}
        tabIndex={-1}
        data-seq={message.seq}
        aria-label={`${name}, ${timeOf(message.at)}`}
        onPointerEnter={touch}
        onFocus={touch}
      >
        <div className="cv-gutter">
          {startsGroup ? (
            <PersonPicture id={message.author} />
          ) : (
            <time className="cv-side-time" dateTime={message.at}>
              {timeOf(message.at)}
            </time>
          )}
        </div>
        <div className="cv-body">
          {startsGroup && (
            <div className="cv-head">
              <bdi className="cv-author">{name}</bdi>
              {author?.isBot && <span className="cv-bot">{texts.bot}</span>}
              <Tooltip text={fullTime(message.at)} side="top">
                <time className="cv-time" dateTime={message.at}>
                  {timeOf(message.at)}
                </time>
              </Tooltip>
              {message.recipients && (
                <Tooltip text={texts.forSome} side="top">
                  <span className="cv-for-some" role="img" aria-label={texts.forSome}>
                    <Icon name="people" small />
                  </span>
                </Tooltip>
              )}
            </div>
          )}
          {message.replyTo !== undefined && <Reply discussion={discussion.id} seq={message.replyTo} onJump={actions.onJump} />}
          {isDeleted ? (
            <p className="cv-deleted">{texts.deleted}</p>
          ) : (
            <>
              {message.text !== '' && (
                <p className="cv-text" dir="auto">
                  <RichText text={message.text} spans={message.spans} />
                  {message.editedAt !== undefined && (
                    <button type="button" className="cv-edited" onClick={() => actions.onHistory(message)}>
                      {texts.edited}
                    </button>
                  )}
                </p>
              )}
              <Attachments attachments={message.attachments} />
              {message.link !== undefined && <ObjectLink link={message.link} />}
              {message.buttons && <Panel message={message} />}
              <Reactions message={message} />
            </>
          )}
        </div>
        {isMine && !isDeleted && <Ticks discussion={discussion} message={message} />}
        {isTouched && !isDeleted && (
          <Toolbar message={message} isMine={isMine} canRemove={isMine || discussion.role === 'owner'} actions={actions} />
        )}
      </article>
    </>
  );
});

export function PersonPicture({ id, size = 'medium' }: { readonly id: string; readonly size?: 'small' | 'medium' | 'large' }) {
  const person = usePerson(id);
  const url = useAttachmentUrl(person?.picture);
  return <Avatar name={nameOf(person)} size={size} {...(url !== undefined && { src: url })} />;
}

/** The message that this one answers. It is loaded if it lies outside of what the page holds. */
function Reply({
  discussion,
  seq,
  onJump,
}: {
  readonly discussion: string;
  readonly seq: number;
  readonly onJump: (seq: number) => void;
}) {
  const { api } = useChat();
  const loaded = useChatState((state) => state.logs.get(discussion)?.messages.find((one) => one.seq === seq));
  const { data } = useQuery({
    queryKey: ['message', discussion, seq],
    queryFn: async () => {
      const { messages } = await api.messages(discussion, { around: seq }, 1);
      return messages.find((one) => one.seq === seq) ?? null;
    },
    enabled: loaded === undefined,
    staleTime: 60_000,
  });
  const message = loaded ?? data;
  if (!message) return null;
  return (
    <button type="button" className="cv-quote" onClick={() => onJump(seq)}>
      <MessageQuote message={message} />
    </button>
  );
}

/** Sent, or read by others. */
function Ticks({ discussion, message }: { readonly discussion: Discussion; readonly message: Message }) {
  const readers = readersOf(discussion, message);
  const names = useNames(readers).filter((name) => name !== '');
  const text = readers.length > 0 ? `${texts.readBy}: ${names.join(', ')}` : texts.sent;
  return (
    <Tooltip text={text} side="left">
      <span className={classes('cv-ticks', readers.length > 0 && 'cv-ticks-read')} role="img" aria-label={text}>
        <Glyph name={readers.length > 0 ? 'ticks' : 'tick'} small />
      </span>
    </Tooltip>
  );
}

interface ToolbarProps {
  readonly message: Message;
  readonly isMine: boolean;
  readonly canRemove: boolean;
  readonly actions: MessageActions;
}

function Toolbar({ message, isMine, canRemove, actions }: ToolbarProps) {
  const [isPicking, setPicking] = useState(false);
  const react = useReact(message);
  return (
    <div className="cv-toolbar" role="toolbar" aria-label={texts.actions}>
      <Popover
        open={isPicking}
        onOpenChange={setPicking}
        label={texts.react}
        align="end"
        trigger={<GlyphButton glyph="smile" label={texts.react} />}
      >
        <div className="cv-emojis">
          {QUICK_REACTIONS.map((emoji) => (
            <button
              key={emoji}
              type="button"
              className="cv-emoji"
              onClick={() => {
                setPicking(false);
                void react(emoji);
              }}
            >
              {emoji}
            </button>
          ))}
        </div>
      </Popover>
      <GlyphButton glyph="reply" label={texts.reply} onClick={() => actions.onReply(message)} />
      <MoreMenu {...{ message, isMine, canRemove, actions }} />
    </div>
  );
}

function MoreMenu({ message, isMine, canRemove, actions }: ToolbarProps) {
  const copy = async (text: string, done: string) => {
    try {
      await navigator.clipboard.writeText(text);
      toast(done);
    } catch {
      toast(texts.copyFailed, { tone: 'bad' });
    }
  };
  return (
    <Menu
      trigger={
        <Button kind="quiet" className="ui-button-icon" aria-label={texts.actions}>
          <Icon name="more" />
        </Button>
      }
    >
      {message.text !== '' && <MenuItem onSelect={() => void copy(message.text, texts.copied)}>{texts.copyText}</MenuItem>}
      {isMine && (
        <MenuItem icon="edit" onSelect={() => actions.onEdit(message)}>
          {texts.edit}
        </MenuItem>
      )}
      {message.version > 1 && (
        <MenuItem icon="clock" onSelect={() => actions.onHistory(message)}>
          {texts.history}
        </MenuItem>
      )}
      {canRemove && (
        <>
          <MenuSeparator />
          <MenuItem icon="trash" danger onSelect={() => actions.onRemove(message)}>
            {texts.remove}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function useReact(message: Message) {
  const chat = useChat();
  return async (emoji: string) => {
    const isOn = !message.reactions.some((one) => one.emoji === emoji && one.people.includes(chat.myId));
    try {
      await chat.react(message.discussion, message.seq, emoji, isOn);
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
    }
  };
}

function Reactions({ message }: { readonly message: Message }) {
  const react = useReact(message);
  if (message.reactions.length === 0) return null;
  return (
    <div className="cv-reactions">
      {message.reactions.map(({ emoji, people }) => (
        <ReactionChip key={emoji} emoji={emoji} people={people} onClick={() => void react(emoji)} />
      ))}
    </div>
  );
}

function ReactionChip({
  emoji,
  people,
  onClick,
}: {
  readonly emoji: string;
  readonly people: readonly string[];
  readonly onClick: () => void;
}) {
  const { myId } = useChat();
  const names = useNames(people.slice(0, 20));
  return (
    <Tooltip text={names.join(', ')} side="top">
      <button
        type="button"
        className="cv-reaction"
        aria-pressed={people.includes(myId)}
        aria-label={`${emoji}: ${counted(people.length, 'reactions')}`}
        onClick={onClick}
      >
        <span aria-hidden="true">{emoji}</span>
        <span aria-hidden="true">{people.length}</span>
      </button>
    </Tooltip>
  );
}

function Panel({ message }: { readonly message: Message }) {
  return (
    <div className="cv-panel">
      {message.buttons?.map((row, index) => (
        <div key={index} className="cv-panel-row">
          {row.map((button) => (
            <PanelPress key={button.id} message={message} button={button} />
          ))}
        </div>
      ))}
    </div>
  );
}

function PanelPress({ message, button }: { readonly message: Message; readonly button: PanelButton }) {
  const chat = useChat();
  const [isBusy, setBusy] = useState(false);
  const url = safeUrl(button.url);
  if (url !== undefined && button.enabled)
    return (
      <a
        className="ui-button ui-button-plain"
        href={url}
        target={/^https?:/i.test(url) ? '_blank' : undefined}
        rel="noopener noreferrer"
      >
        {button.text}
      </a>
    );
  const press = async () => {
    setBusy(true);
    try {
      await chat.press(message.discussion, message.seq, button.id);
    } catch (error) {
      toast(errorText(error, errors), { tone: 'bad' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button disabled={!button.enabled} busy={isBusy} onClick={() => void press()}>
      {button.text}
    </Button>
  );
}
