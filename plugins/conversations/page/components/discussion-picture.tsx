import { Avatar, Icon } from '@sluice/web-ui';
import { otherOf } from '../model/discussion-list.js';
import type { Discussion } from '../model/shapes.js';
import { useChat, usePerson, useTitle } from './context.js';
import { PersonPicture } from './message-item.js';

interface DiscussionPictureProps {
  readonly discussion: Discussion;
  readonly isOnlineShown?: boolean;
}

/** The other person of a direct discussion, a sheet of paper for a document, initials for a group. */
export function DiscussionPicture({ discussion, isOnlineShown = false }: DiscussionPictureProps) {
  const { myId } = useChat();
  const title = useTitle(discussion);
  const otherId = otherOf(discussion, myId);
  const other = usePerson(otherId);
  if (otherId !== undefined)
    return (
      <span className="cv-picture-frame">
        <PersonPicture id={otherId} size="large" />
        {isOnlineShown && other?.isOnline && <span className="cv-online cv-online-corner" aria-hidden="true" />}
      </span>
    );
  if (discussion.kind === 'contextual')
    return (
      <span className="cv-document" aria-hidden="true">
        <Icon name="file" />
      </span>
    );
  return (
    <span className="cv-group">
      <Avatar name={title} size="large" />
    </span>
  );
}
