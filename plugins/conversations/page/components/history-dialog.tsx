import { Dialog, Skeleton, errorText } from '@sluice/web-ui';
import { useQuery } from '@tanstack/react-query';
import type { Message } from '../model/shapes.js';
import { errors, texts } from '../texts.js';
import { fullTime } from '../times.js';
import { useChat } from './context.js';
import { RichText } from './rich-text.js';

/** The earlier texts of a message. */
export function HistoryDialog({ message, onClose }: { readonly message: Message | undefined; readonly onClose: () => void }) {
  return (
    <Dialog open={message !== undefined} title={texts.history} onClose={onClose}>
      {message && <History message={message} />}
    </Dialog>
  );
}

function History({ message }: { readonly message: Message }) {
  const { api } = useChat();
  const { data, error } = useQuery({
    queryKey: ['history', message.discussion, message.seq, message.version],
    queryFn: () => api.history(message.discussion, message.seq),
  });
  if (error) return <p role="alert">{errorText(error, errors)}</p>;
  if (!data) return <Skeleton height="48px" />;
  return (
    <ol className="cv-history">
      {data.versions.map((version) => (
        <li key={version.version}>
          <time dateTime={version.at}>{fullTime(version.at)}</time>
          <p className="cv-text" dir="auto">
            <RichText text={version.text} spans={version.spans ?? []} />
          </p>
        </li>
      ))}
    </ol>
  );
}
