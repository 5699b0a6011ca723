import { describePath, FINDING_CODES, FUNCTION_DESCRIPTIONS, functionUnder, pathUnder, type Finding } from '@sluice/flow';
import type { Hover, SignatureHelp } from 'vscode-languageserver/node';
import type { RangeOf } from './completion.js';
import { signatureOf } from './completion.js';
import { Cursor, type TextPosition } from './cursor.js';
import { valueAt } from './yaml-position.js';
import { defaultOf, descriptionOf, valuesOf } from './schema-walk.js';

/** Characters of a word under the cursor: also those of `use` and of event types. */
const WORD_REST = /^[\p{Letter}\p{Number}_$№.-]*/u;
const NAME_REST = /^[\p{Letter}\p{Number}_$№]*/u;

/**
 * Returns the explanation of the word under an offset, and of the findings there.
 * @param findings the findings that mark the offset
 */
export function hoverAt(at: TextPosition, findings: readonly Finding[], rangeOf: RangeOf): Hover | undefined {
  const sections = [...findings.map(explain)];
  const word = explainWord(at);
  if (word) sections.push(word.text);
  if (sections.length === 0) return undefined;
  return {
    contents: { kind: 'markdown', value: sections.join('\n\n---\n\n') },
    ...(word && { range: rangeOf(word.start, word.end) }),
  };
}

function explain({ code, message, write, do: cure }: Finding): string {
  const row = FINDING_CODES[code];
  const own = write !== undefined ? `write: \`${write}\`` : cure !== undefined ? `do: ${cure}` : undefined;
  return [`**${code}** ${message}`, ...(own === undefined ? [] : [own]), `Cause: ${row.cause}`, `Cure: ${row.cure}`].join('\n\n');
}

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function explainWord(at: TextPosition): Word | undefined {
  const { text, offset } = at;
  const nameEnd = offset + (NAME_REST.exec(text.slice(offset))?.[0].length ?? 0);
  const inExpression = new Cursor({ ...at, offset: nameEnd });
  if (inExpression.expression) return explainName(inExpression, nameEnd);
  const end = offset + (WORD_REST.exec(text.slice(offset))?.[0].length ?? 0);
  const cursor = new Cursor({ ...at, offset: end });
  const { position } = cursor;
  if (!position || position.typed.trim() === '') return undefined;
  const found = position.role === 'key' ? explainKey(cursor, position.typed) : explainValue(cursor, position.typed);
  return found === undefined ? undefined : { text: found, start: position.start, end };
}

function explainName(cursor: Cursor, end: number): Word | undefined {
  const typed = cursor.position?.typed ?? '';
  const source = typed.slice(typed.lastIndexOf('${{') + 3);
  const called = functionUnder(source, source.length);
  if (called) {
    const description = FUNCTION_DESCRIPTIONS.get(called.name);
    if (!description) return undefined;
    const text = `\`${signatureOf(called.name, description.parameters)}\`\n\n${description.about}`;
    return { text, start: end - called.token.text.length, end };
  }
  const under = pathUnder(source, source.length);
  const { visible } = cursor;
  if (!under || !visible) return undefined;
  const about = describePath(visible, under.path);
  if (about === undefined) return undefined;
  return { text: `\`${under.path.join('.')}\`\n\n${about}`, start: end - under.token.text.length, end };
}

function explainKey(cursor: Cursor, name: string): string | undefined {
  const { workspace, file } = cursor.at;
  const path = cursor.position?.path ?? [];
  const key = workspace
    .schemaOf(file)
    .keysAt(path, cursor.value)
    .find((one) => one.name === name);
  if (!key) return undefined;
  const values = valuesOf(key.schemas).map(({ value }) => `\`${value}\``);
  const standard = defaultOf(key.schemas);
  return [
    `**${name}**${key.required ? ' (required)' : ''}`,
    descriptionOf(key.schemas),
    values.length > 1 && values.length <= MAX_VALUES ? `Values: ${values.join(', ')}` : undefined,
    standard === undefined ? undefined : `Default: \`${JSON.stringify(standard)}\``,
  ]
    .filter((line) => line !== undefined)
    .join('\n\n');
}

const MAX_VALUES = 20;

function explainValue(cursor: Cursor, typed: string): string | undefined {
  const { workspace, file } = cursor.at;
  const path = cursor.position?.path ?? [];
  if (path.at(-1) === 'connection') {
    const connection = workspace.analysisInput()?.workspace.draft.connections.find(({ name }) => name === typed);
    return connection && `**${typed}**: a connection of ${connection.plugin}, in sluice.yaml`;
  }
  const value = valuesOf(workspace.schemaOf(file).at(path, cursor.value)).find((one) => one.value === typed);
  if (value?.about === undefined) return undefined;
  const options = workspace.schemaOf(file).keysAt([...path.slice(0, -1), 'with'], useOf(cursor, path, typed));
  const listed = options.map(({ name, required, schemas }) => {
    const about = descriptionOf(schemas);
    return `- \`${name}\`${required ? ' (required)' : ''}${about === undefined ? '' : `: ${about}`}`;
  });
  return [`**${typed}**: ${value.about}`, ...(listed.length > 0 ? [listed.join('\n')] : [])].join('\n\n');
}

/** Returns the values of the document with this value of `use`: the placeholder of the cursor stands there. */
function useOf(cursor: Cursor, path: readonly (string | number)[], use: string): unknown {
  const map = valueAt(cursor.value, path.slice(0, -1));
  if (path.at(-1) === 'use' && typeof map === 'object' && map !== null) (map as Record<string, unknown>)['use'] = use;
  return cursor.value;
}

/** Returns the parameters of the function whose arguments are being written. */
export function signatureHelpAt(at: TextPosition): SignatureHelp | undefined {
  const call = new Cursor(at).expression?.call;
  const description = call && FUNCTION_DESCRIPTIONS.get(call.name);
  if (!description) return undefined;
  const { parameters, about } = description;
  return {
    signatures: [
      {
        label: signatureOf(call.name, parameters),
        documentation: { kind: 'markdown', value: about },
        parameters: parameters.map((label) => ({ label })),
      },
    ],
    activeSignature: 0,
    activeParameter: Math.min(call.argument, Math.max(0, parameters.length - 1)),
  };
}
