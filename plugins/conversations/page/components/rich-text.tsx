import type { ReactNode } from 'react';
import { classes } from '@sluice/web-ui';
import { segmentsOf, type Segment } from '../model/rich-text.js';
import type { Span } from '../model/shapes.js';
import { useChat } from './context.js';

interface RichTextProps {
  readonly text: string;
  readonly spans?: readonly Span[];
  readonly highlights?: readonly { from: number; to: number }[];
  /** Links and mentions as plain text, for a line of a list. */
  readonly isPlain?: boolean;
}

/** A text with its formats. React writes every part as text, so markup in a message is shown as it was typed. */
export function RichText({ text, spans = [], highlights = [], isPlain = false }: RichTextProps) {
  const { myId } = useChat();
  return segmentsOf(text, spans, highlights).map((segment) => (
    <Run key={segment.from} segment={segment} isPlain={isPlain} isMine={segment.person === myId} />
  ));
}

function Run({ segment, isPlain, isMine }: { readonly segment: Segment; readonly isPlain: boolean; readonly isMine: boolean }) {
  const { formats, url } = segment;
  let content: ReactNode = segment.text;
  if (segment.isHighlighted) content = <mark className="cv-found">{content}</mark>;
  if (formats.has('code')) content = <code className="cv-code">{content}</code>;
  if (formats.has('strike')) content = <s>{content}</s>;
  if (formats.has('italic')) content = <em>{content}</em>;
  if (formats.has('bold')) content = <strong>{content}</strong>;
  if (isPlain) return content;
  if (formats.has('mention')) content = <bdi className={classes('cv-mention', isMine && 'cv-mention-me')}>{content}</bdi>;
  if (url === undefined) return content;
  return (
    <a href={url} rel="noopener noreferrer nofollow" {...(/^https?:/i.test(url) && { target: '_blank' })}>
      {content}
    </a>
  );
}
