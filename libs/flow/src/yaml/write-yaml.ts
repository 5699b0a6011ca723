import { Document, visit } from 'yaml';

/** A text that is read back as it is without quotes, and needs none for people either. */
const PLAIN = /^\p{L}[\p{L}\p{N}_./+-]*( [\p{L}\p{N}_./+-]+)*$/u;
/** Texts that another YAML reader, or a person, takes for something else. */
const AMBIGUOUS = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** Returns the value as a YAML document in the spelling of the language: {@link readDocuments} reads the same value without a finding. */
export function writeYaml(value: unknown): string {
  const document = new Document(value, null, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== 'string') return;
      const isPlain = PLAIN.test(node.value) && !AMBIGUOUS.test(node.value) && node.value === node.value.normalize('NFC');
      node.type = isPlain
        ? 'PLAIN'
        : /[\p{Cc}\p{Cf}\p{Z}]/u.test(node.value.replaceAll(' ', ''))
          ? 'QUOTE_DOUBLE'
          : 'QUOTE_SINGLE';
    },
  });
  return document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER });
}
