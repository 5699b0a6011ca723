import { plainName } from '../model/people-names.js';
import type { Message } from '../model/shapes.js';
import { texts } from '../texts.js';
import { nameOf, usePerson } from './context.js';
import { RichText } from './rich-text.js';

/** A message in one line: its author and the beginning of its text. */
export function MessageQuote({ message }: { readonly message: Message }) {
  const author = usePerson(message.author);
  return (
    <span className="cv-quote-texts">
      <bdi className="cv-quote-author">{nameOf(author)}</bdi>
      <span className="cv-quote-text">
        <Summary message={message} />
      </span>
    </span>
  );
}

/** What a message says, for one line: its text, or what it has instead. */
export function Summary({ message }: { readonly message: Message }) {
  if (message.deletedAt !== undefined) return <em>{texts.deleted}</em>;
  if (message.text !== '') return <RichText text={message.text.slice(0, 200)} spans={message.spans} isPlain />;
  const [first] = message.attachments.filter(({ isShown }) => isShown);
  if (first) return first.type.startsWith('image/') ? texts.photo : plainName(first.name) || texts.file;
  return message.buttons ? texts.panel : '';
}
