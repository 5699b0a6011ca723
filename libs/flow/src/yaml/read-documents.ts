import { Composer, isMap, isScalar, isSeq, Parser, type CST, type Document, type Node, type Scalar, type YAMLMap } from 'yaml';
import { Report } from '../report.js';
import { decodeFile } from './decode.js';
import type { MapEntry, MapNode, ScalarNode, ScalarValue, YamlNode } from './nodes.js';
import { MAX_LEVELS, reportDepth } from './depth.js';
import { reportSyntax } from './report-syntax.js';
import { refuseInvisible, refuseTokens, refuseValues } from './refusals.js';
import { SourceText, type Span } from './source-text.js';
import type { SourceFile } from '../model.js';

export interface YamlDocument extends Span {
  /** Absent when the document could not be read or is not a map, which has been reported. */
  readonly root?: MapNode;
}

export interface YamlFile {
  readonly source: SourceText;
  readonly report: Report;
  /** The documents that are not empty. */
  readonly documents: readonly YamlDocument[];
}

/** Reads the YAML documents of a file, and reports all errors of their syntax. */
export function readDocuments(file: SourceFile): YamlFile {
  if (file.bytes.length > MAX_FILE_BYTES) return tooLarge(file.file);
  const decoded = decodeFile(file);
  const source = new SourceText(file.file, decoded.text);
  const report = new Report(source);
  if (decoded.problem !== undefined) {
    const { offset, message, cure } = decoded.problem;
    report.error({ start: offset, end: offset + 1 }, 'FILE_NOT_UTF8', message, { do: cure });
    return { source, report, documents: [] };
  }
  const deep = tooDeepLine(source.text);
  if (deep !== undefined) {
    reportDepth(report, deep);
    return { source, report, documents: [] };
  }
  try {
    return { source, report, documents: documentsOf(source, report) };
  } catch (error) {
    // The parser and the visitors of its result are recursive, so a deeply nested file overflows the stack.
    if (!(error instanceof RangeError)) throw error;
    reportDepth(report, 0);
    return { source, report, documents: [] };
  }
}

/** Maximum bytes of a file. The check of a file takes about two hundred times its size of memory. */
const MAX_FILE_BYTES = 4 * 1024 ** 2;

function tooLarge(file: string): YamlFile {
  const source = new SourceText(file, '');
  const report = new Report(source);
  report.error({ start: 0, end: 1 }, 'FILE_SIZE', `the file has more than ${MAX_FILE_BYTES / 1024 ** 2} MiB`, {
    do: 'divide it into several files, or keep large data out of it',
  });
  return { source, report, documents: [] };
}

/** Matches a text in which a line may be too deep: a long indentation, or many brackets in a row. */
const MAYBE_DEEP = new RegExp(`^[ -]{${4 * MAX_LEVELS}}|(?:[[{] *){${MAX_LEVELS}}`, 'm');

/** Returns the offset of the first line that is too deep on its own: by its indentation, its dashes or its brackets. */
function tooDeepLine(text: string): number | undefined {
  if (!MAYBE_DEEP.test(text)) return undefined;
  for (let start = 0; start < text.length; start = text.indexOf('\n', start) + 1) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end);
    // a level needs at least two spaces of indentation, or one dash with a space
    const dashes = /^(?:- )+/.exec(line.trimStart())?.[0].length ?? 0;
    const indent = line.length - line.trimStart().length;
    if (indent + dashes > 4 * MAX_LEVELS || bracketsOpen(line) > MAX_LEVELS) return start;
    if (end < 0) return undefined;
  }
  return undefined;
}

/** Returns the longest run of consecutive opening brackets: each opens a flow collection inside of another. */
function bracketsOpen(line: string): number {
  let run = 0;
  let longest = 0;
  for (const character of line) {
    if (character === '[' || character === '{') run += 1;
    else if (character !== ' ') run = 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function documentsOf(source: SourceText, report: Report): readonly YamlDocument[] {
  refuseInvisible(report);
  const tokens: CST.Token[] = [...new Parser().parse(source.text)];
  const composed = [...new Composer({ prettyErrors: false, uniqueKeys: false, version: '1.2', schema: 'core' }).compose(tokens)];
  const refused = refuseTokens(tokens, report);
  const documents: YamlDocument[] = [];
  for (const document of composed) {
    const read = readDocument(document, source, report, refused);
    if (read !== undefined) documents.push(read);
  }
  return documents;
}

function readDocument(
  document: Document.Parsed,
  source: SourceText,
  report: Report,
  refused: readonly Span[],
): YamlDocument | undefined {
  const span: Span = { start: document.range[0], end: document.range[2] };
  const spoilt = refused.some((token) => token.start >= span.start && token.start <= span.end);
  if (document.errors.length > 0) {
    reportSyntax(document, report, spoilt);
    return span;
  }
  const contents: unknown = document.contents;
  if (contents === null || (isScalar(contents) && contents.value === null && contents.source === '')) return undefined;
  const deep = tooDeepNode(contents);
  if (deep !== undefined) {
    reportDepth(report, deep);
    return span;
  }
  refuseValues(document, report);
  if (!isMap(contents)) {
    report.error(rangeOf(contents as Node), 'FLOW_VALUE', 'a document is a map that begins with "sluice: 1"', {
      do: 'begin with the lines "sluice: 1" and "flow: NAME", without a dash',
    });
    return span;
  }
  // A tag, an anchor or an alias changes the value, and may even hide a key.
  return spoilt ? span : { ...span, root: convertMap(contents) };
}

/** Returns the offset of a node that is too deep. Not recursive, because the values may nest as deep as the parser could read. */
function tooDeepNode(contents: unknown): number | undefined {
  let level = [contents];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_LEVELS) return rangeOf(level[0] as Node).start;
    level = level.flatMap((node) => {
      if (isMap(node)) return node.items.flatMap(({ key, value }) => [key, value]);
      return isSeq(node) ? node.items : [];
    });
  }
  return undefined;
}

function convertMap(node: YAMLMap): MapNode {
  const entries: MapEntry[] = [];
  const names = new Set<string>();
  for (const pair of node.items) {
    if (!isScalar(pair.key)) continue;
    const key = convertScalar(pair.key);
    const name = String(key.value);
    // A repeated key and a merge key have been reported.
    if (names.has(name) || (name === '<<' && key.style === 'plain')) continue;
    names.add(name);
    entries.push({ name, key, value: pair.value === null ? { ...key, value: null, empty: true } : convert(pair.value) });
  }
  return { kind: 'map', entries, ...rangeOf(node) };
}

function convert(node: unknown): YamlNode {
  if (isMap(node)) return convertMap(node);
  if (isSeq(node)) return { kind: 'list', items: node.items.map(convert), ...rangeOf(node) };
  return convertScalar(node as Scalar);
}

function convertScalar(node: Scalar): ScalarNode {
  const scalar = {
    kind: 'scalar',
    value: node.value as ScalarValue,
    style: STYLES[node.type ?? 'PLAIN'] ?? 'plain',
    ...rangeOf(node),
  } as const;
  return node.value === null && node.source === '' ? { ...scalar, empty: true } : scalar;
}

const STYLES: Readonly<Record<string, ScalarNode['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_FOLDED: 'block',
  BLOCK_LITERAL: 'block',
};

function rangeOf(node: { range?: readonly [number, number, number] | null | undefined }): Span {
  return { start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 };
}
