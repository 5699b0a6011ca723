import { Composer, isMap, isScalar, isSeq, Parser, type CST, type Document, type Node, type Scalar, type YAMLMap } from 'yaml';
import { Report } from '../report.js';
import { decodeFile } from './decode.js';
import type { MapEntry, MapNode, ScalarNode, ScalarValue, YamlNode } from './nodes.js';
import { reportSyntax } from './report-syntax.js';
import { refuseTokens, refuseValues } from './refusals.js';
import { SourceText, type Span } from './source-text.js';
import type { SourceFile } from '../model.js';

export interface YamlDocument extends Span {
  /** Absent when the document could not be read, or is not a map: that has been reported. */
  readonly root?: MapNode;
}

export interface YamlFile {
  readonly source: SourceText;
  readonly report: Report;
  /** Documents that hold something; empty ones are left out. */
  readonly documents: readonly YamlDocument[];
}

/** Reads a file's YAML documents and reports everything that is refused about their spelling. */
export function readDocuments(file: SourceFile): YamlFile {
  const decoded = decodeFile(file);
  const source = new SourceText(file.file, decoded.text);
  const report = new Report(source);
  if (decoded.problem !== undefined) {
    const { offset, message, cure } = decoded.problem;
    report.error({ start: offset, end: offset + 1 }, 'FILE_NOT_UTF8', message, { do: cure });
    return { source, report, documents: [] };
  }
  const tokens: CST.Token[] = [...new Parser().parse(source.text)];
  const composed = [...new Composer({ prettyErrors: false, uniqueKeys: false, version: '1.2', schema: 'core' }).compose(tokens)];
  const refused = refuseTokens(tokens, report);
  const documents: YamlDocument[] = [];
  for (const document of composed) {
    const read = readDocument(document, source, report, refused);
    if (read !== undefined) documents.push(read);
  }
  return { source, report, documents };
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
  refuseValues(document, report);
  if (!isMap(contents)) {
    report.error(rangeOf(contents as Node), 'FLOW_VALUE', 'a document is a map that begins with "sluice: 1"', {
      do: 'begin with the lines "sluice: 1" and "flow: NAME", without a dash',
    });
    return span;
  }
  // A tag, an anchor or an alias leaves a value that is not what was meant, and may even hide a key.
  return spoilt ? span : { ...span, root: convertMap(contents) };
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
