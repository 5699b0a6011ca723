import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { badArgument, overLimit } from '../faults.js';
import { LIMITS } from '../limits.js';

const DEPTH = 100;
const UNREAD = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g;

const parser = new XMLParser({
  ignoreAttributes: (name) => name === 'xmlns' || name.startsWith('xmlns:'),
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  // Every value a text: the number of a document is no number.
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: DEPTH,
  // No entity of the document's own is left, since a DTD is refused before: nothing can grow without bound.
  processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: LIMITS.resultBytes },
  // Character references (&#1092;) are read only with these.
  htmlEntities: true,
});

/**
 * `$xml(text)`: elements by local name, attributes as `@name`, text beside attributes as `#text`, repeated elements as lists.
 * DTDs are refused: they can make a small text a huge one, and name files of the host.
 */
export function xml(text: unknown): unknown {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw badArgument('$xml takes a text');
  if (Buffer.byteLength(text) > LIMITS.resultBytes) throw overLimit('$xml takes at most 4 MiB');
  const document = text.replace(/^\ufeff/, '').trim();
  if (/<!DOCTYPE/i.test(document.replace(UNREAD, ''))) throw badArgument('$xml takes no document with a DTD');
  const checked = XMLValidator.validate(document);
  if (checked !== true)
    throw badArgument(`$xml was given a text that is not XML (line ${checked.err.line}, ${checked.err.code})`);
  return parse(document);
}

function parse(document: string): unknown {
  try {
    return parser.parse(document) as unknown;
  } catch (error) {
    throw overLimit(`$xml: ${(error as Error).message}`);
  }
}
