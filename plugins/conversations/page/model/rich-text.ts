import type { Span } from './shapes.js';

/** A run of text with the formats that apply to all of it. */
export interface Segment {
  readonly text: string;
  readonly from: number;
  readonly formats: ReadonlySet<Span['kind']>;
  /** Of a link; only of an allowed protocol. */
  readonly url?: string;
  /** Of a mention: id of the person. */
  readonly person?: string;
  /** Part of a search match. */
  readonly isHighlighted: boolean;
}

interface Highlight {
  readonly from: number;
  readonly to: number;
}

/** Links that the page opens. Everything else, such as `javascript:`, is shown as text. */
const SAFE_URL = /^(?:https?:\/\/|e1c:|tel:|mailto:)/i;
const WEB_URL = /\bhttps?:\/\/[^\s<>"«»“”]+/giu;
/** Characters that end a sentence rather than an address. */
const TRAILING = /[.,:;!?'’)\]}]+$/u;

/** Returns the address if the page may link to it. */
export function safeUrl(url: string | undefined): string | undefined {
  return url !== undefined && SAFE_URL.test(url) ? url : undefined;
}

/**
 * Splits a text into runs of equal format. Spans that lie outside of the text or overlap are cut. Web addresses without a span become links.
 */
export function segmentsOf(text: string, spans: readonly Span[], highlights: readonly Highlight[] = []): Segment[] {
  const valid = spans.filter(({ from, to }) => from < to && from < text.length);
  const all = [...valid, ...bareLinks(text, valid)];
  const cuts = new Set([0, text.length]);
  for (const { from, to } of [...all, ...highlights]) {
    cuts.add(Math.min(from, text.length));
    cuts.add(Math.min(to, text.length));
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const [index, from] of sorted.entries()) {
    const to = sorted[index + 1];
    if (to === undefined) break;
    const here = all.filter((span) => span.from <= from && to <= span.to);
    const url = safeUrl(here.find(({ kind }) => kind === 'link')?.url);
    const person = here.find(({ kind }) => kind === 'mention')?.person;
    segments.push({
      text: text.slice(from, to),
      from,
      formats: new Set(here.map(({ kind }) => kind)),
      ...(url !== undefined && { url }),
      ...(person !== undefined && { person }),
      isHighlighted: highlights.some((one) => one.from <= from && to <= one.to),
    });
  }
  return segments;
}

function bareLinks(text: string, spans: readonly Span[]): Span[] {
  const taken = spans.filter(({ kind }) => kind === 'link' || kind === 'code' || kind === 'mention');
  return [...text.matchAll(WEB_URL)].flatMap(({ 0: found, index }) => {
    const url = found.replace(TRAILING, '');
    const to = index + url.length;
    const isFree = taken.every((span) => span.to <= index || span.from >= to);
    return isFree ? [{ kind: 'link' as const, from: index, to, url }] : [];
  });
}

/** The part of a DOM node that {@link readComposer} uses. */
export interface ComposerNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly childNodes: ArrayLike<ComposerNode>;
  readonly dataset?: { readonly [name: string]: string | undefined };
}

export interface RichText {
  readonly text: string;
  readonly spans: readonly Span[];
}

const TEXT_NODE = 3;
const FORMATS: Readonly<Record<string, Span['kind']>> = {
  B: 'bold',
  STRONG: 'bold',
  I: 'italic',
  EM: 'italic',
  S: 'strike',
  STRIKE: 'strike',
  DEL: 'strike',
  CODE: 'code',
};
const BLOCKS = new Set(['DIV', 'P', 'LI']);

/**
 * Reads the text and its formats from the editable element of the composer. Line breaks and spaces at both ends are removed, non-breaking
 * spaces, which browsers insert while typing, become spaces.
 */
export function readComposer(root: ComposerNode): RichText {
  let text = '';
  const spans: Span[] = [];
  const walk = (node: ComposerNode) => {
    if (node.nodeType === TEXT_NODE) {
      text += (node.nodeValue ?? '').replaceAll('\u00a0', ' ').replaceAll('\0', '');
      return;
    }
    if (node.nodeName === 'BR') {
      text += '\n';
      return;
    }
    if (BLOCKS.has(node.nodeName) && text !== '' && !text.endsWith('\n')) text += '\n';
    const from = text.length;
    for (const child of Array.from(node.childNodes)) walk(child);
    const person = node.dataset?.['person'];
    const kind = person !== undefined ? 'mention' : FORMATS[node.nodeName];
    if (kind === undefined || text.length === from) return;
    spans.push({ kind, from, to: text.length, ...(person !== undefined && { person }) });
  };
  walk(root);
  return trimmed(text, joined(spans));
}

function trimmed(text: string, spans: readonly Span[]): RichText {
  const start = text.length - text.trimStart().length;
  const body = text.trim();
  return {
    text: body,
    spans: spans
      .map((span) => ({ ...span, from: Math.max(0, span.from - start), to: Math.min(body.length, span.to - start) }))
      .filter(({ from, to }) => from < to),
  };
}

/** Joins neighbouring spans of one format, which editing splits. Mentions stay apart. */
function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from || b.to - a.to)) {
    const last = result.findLast(({ kind }) => kind === span.kind);
    if (last && span.kind !== 'mention' && span.from <= last.to) {
      result[result.indexOf(last)] = { ...last, to: Math.max(last.to, span.to) };
    } else result.push(span);
  }
  return result;
}

/** Returns the name for the directory search if the text before the caret ends with a mention that is being written, such as `@анн`. */
export function mentionBeforeCaret(before: string): string | undefined {
  return /(?:^|[\s(«"])@([\p{L}\p{N}._-]{0,30}(?: [\p{L}\p{N}._-]{1,30})?)$/u.exec(before)?.[1];
}
