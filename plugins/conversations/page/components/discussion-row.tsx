import { Badge, ListRow } from '@sluice/web-ui';
import { isMuted } from '../model/discussion-list.js';
import type { Discussion } from '../model/shapes.js';
import { writeRoute } from '../route.js';
import { counted, texts } from '../texts.js';
import { shortTime } from '../times.js';
import { nameOf, useChat, useChatState, usePerson, useTitle } from './context.js';
import { DiscussionPicture } from './discussion-picture.js';
import { Glyph } from './glyph.js';
import { Summary } from './quote.js';

interface DiscussionRowProps {
  readonly discussion: Discussion;
  readonly isSelected: boolean;
  readonly onOpen: (id: string) => void;
}

/** A discussion of the list: title, time, the newest message and what is unread. */
export function DiscussionRow({ discussion, isSelected, onOpen }: DiscussionRowProps) {
  const { id, unread, mentioned } = discussion;
  const title = useTitle(discussion);
  const muted = isMuted(discussion, Date.now());
  return (
    <ListRow
      className={unread > 0 ? 'cv-item cv-item-unread' : 'cv-item'}
      selected={isSelected}
      href={writeRoute(location.search, { discussion: id })}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        onOpen(id);
      }}
      leading={<DiscussionPicture discussion={discussion} isOnlineShown />}
      title={
        <>
          <bdi>{title}</bdi>
          {muted && (
            <span className="cv-muted" role="img" aria-label={texts.muted}>
              <Glyph name="mute" small />
            </span>
          )}
        </>
      }
      meta={discussion.lastMessage && <time dateTime={discussion.activeAt}>{shortTime(discussion.activeAt)}</time>}
      subtitle={<LastMessage discussion={discussion} />}
      trailing={
        unread > 0 && (
          <span className="cv-counts">
            {mentioned && (
              <Badge tone="warn" label={texts.mentioned}>
                @
              </Badge>
            )}
            <span className={muted ? 'cv-count cv-count-muted' : 'cv-count'}>
              <span aria-hidden="true">{unread >= 100 ? '99+' : unread}</span>
              <span className="ui-hidden">{counted(unread, 'unread')}</span>
            </span>
          </span>
        )
      }
    />
  );
}

function LastMessage({ discussion }: { readonly discussion: Discussion }) {
  const { myId } = useChat();
  const { lastMessage, kind, id } = discussion;
  const isTyping = useChatState((state) => (state.typing.get(id)?.length ?? 0) > 0);
  const author = usePerson(lastMessage && kind !== 'direct' && lastMessage.author !== myId ? lastMessage.author : undefined);
  if (isTyping) return <span className="cv-item-typing">{texts.typingOne}</span>;
  if (!lastMessage) return texts.empty;
  const prefix = lastMessage.author === myId ? texts.you : nameOf(author).split(' ')[0];
  return (
    <>
      {prefix && <bdi className="cv-item-author">{prefix}: </bdi>}
      <Summary message={lastMessage} />
    </>
  );
}
