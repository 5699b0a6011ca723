import { MAX_DATA_BYTES, type MessageEdit, type NewMessage } from '../contract.js';
import { conversationsFail } from '../failures.js';

type Content = Pick<MessageEdit, 'text' | 'spans' | 'data' | 'buttons'>;

/**
 * Checks what the schema of a message cannot.
 *
 * @param text the text to which the spans refer
 * @throws `CONVERSATIONS_INVALID`, `CONVERSATIONS_LIMIT`
 */
export function checkContent({ spans = [], data, buttons = [] }: Content, text: string): void {
  for (const span of spans) {
    if (span.to > text.length || span.from >= span.to)
      throw invalid(`the span from ${span.from} to ${span.to} is not inside of the text of ${text.length} characters`);
    if (span.kind === 'mention' && span.person === undefined) throw invalid('a span of the kind mention needs `person`');
    if (span.kind === 'link' && span.url === undefined) throw invalid('a span of the kind link needs `url`');
  }
  const all = buttons.flat();
  if (new Set(all.map(({ id }) => id)).size !== all.length) throw invalid('two buttons have one id');
  const unclear = all.find(({ action, url }) => (action === undefined) === (url === undefined));
  if (unclear) throw invalid(`the button ${unclear.id} needs either \`action\` or \`url\``);
  const bytes = Buffer.byteLength(JSON.stringify([data, ...all.map((button) => button.data)]));
  if (bytes > MAX_DATA_BYTES)
    throw conversationsFail.CONVERSATIONS_LIMIT(`\`data\` of a message has up to ${MAX_DATA_BYTES} bytes`, { sent: 'no' });
}

/** Throws `CONVERSATIONS_INVALID` for a message without any content. */
export function requireContent({ text, data, attachments, buttons }: NewMessage): void {
  if (text.trim() === '' && data === undefined && attachments.length === 0 && buttons === undefined)
    throw invalid('the message has neither text nor data, attachments or buttons');
}

/** Returns the ids of the people whom the text mentions. */
export function mentionsOf({ spans }: Pick<NewMessage, 'spans'>): string[] {
  return [...new Set(spans.flatMap(({ kind, person }) => (kind === 'mention' && person !== undefined ? [person] : [])))];
}

/** A text that begins with a command, such as `/order 5`. */
const COMMAND = /^\/([\p{L}\p{N}_]{1,50})(?:\s+|$)/u;

/** Returns the command with which a text begins, in lower case, and the text after it. */
export function commandOf(text: string): { readonly name: string; readonly rest: string } | undefined {
  const [whole, name] = COMMAND.exec(text) ?? [];
  return whole === undefined || name === undefined
    ? undefined
    : { name: name.toLowerCase(), rest: text.slice(whole.length).trim() };
}

function invalid(message: string): Error {
  return conversationsFail.CONVERSATIONS_INVALID(message, { sent: 'no' });
}
