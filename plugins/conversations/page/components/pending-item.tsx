import { Button, Icon } from '@sluice/web-ui';
import { useEffect, useState } from 'react';
import type { PendingPost } from '../model/outbox.js';
import { plainName } from '../model/people-names.js';
import { counted, texts } from '../texts.js';
import { useChat } from './context.js';
import { PersonPicture } from './message-item.js';
import { RichText } from './rich-text.js';

/** Why a message waits: for the connection, or for the time that the server has named. */
function Waiting({ notBefore }: { readonly notBefore: number | undefined }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (notBefore === undefined) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [notBefore]);
  if (notBefore === undefined) return texts.waiting;
  return counted(Math.max(1, Math.ceil((notBefore - now) / 1_000)), 'limited');
}

/** A message that the server has not confirmed yet. */
export function PendingItem({ post }: { readonly post: PendingPost }) {
  const chat = useChat();
  const { clientId, text = '', spans = [] } = post.message;
  const isFailed = post.state === 'failed';
  return (
    <article
      className="cv-message cv-message-first cv-message-last cv-message-mine cv-pending"
      data-state={post.state}
      tabIndex={-1}
    >
      <div className="cv-gutter">
        <PersonPicture id={chat.myId} />
      </div>
      <div className="cv-body">
        {text !== '' && (
          <p className="cv-text" dir="auto">
            <RichText text={text} spans={spans} />
          </p>
        )}
        {post.attachments.map(({ id, name }) => (
          <span key={id} className="cv-file">
            <Icon name="file" />
            <bdi className="cv-file-name">{plainName(name)}</bdi>
          </span>
        ))}
        {isFailed ? (
          <div className="cv-failure" role="alert">
            <Icon name="warning" small />
            <span>
              {texts.failed}. {post.failure}
            </span>
            <Button kind="quiet" onClick={() => chat.retry(clientId)}>
              {texts.retry}
            </Button>
            <Button kind="quiet" onClick={() => chat.discard(clientId)}>
              {texts.discard}
            </Button>
          </div>
        ) : (
          <span className="cv-state">
            <Icon name="clock" small />
            {post.state === 'sending' ? texts.sending : <Waiting notBefore={post.notBefore} />}
          </span>
        )}
      </div>
    </article>
  );
}
