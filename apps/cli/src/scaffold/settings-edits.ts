import { isMap, isScalar, isSeq, parseDocument, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { CommandError } from '../exit.js';

const FILE = 'sluice.yaml';

/**
 * Adds a plugin to `plugins` of a sluice.yaml; all other lines stay as they are.
 *
 * @param text a sluice.yaml without errors
 * @param specifier the name of a package, or `./folder`
 */
export function withPlugin(text: string, specifier: string): string {
  const plugins = rootOf(text).get('plugins', true) as Node | undefined;
  if (!isSeq(plugins)) throw new CommandError(`${FILE} has no list of plugins: write plugins: ['${specifier}']`);
  const last = plugins.items.at(-1) as Node | undefined;
  const item = `'${specifier}'`;
  if (plugins.flow || !last) return insertedInFlow(text, plugins, last ? `, ${item}` : item);
  return insertedAfterLine(text, endOf(text, last), `${columnsBefore(text, last).replace(/[^-\s].*$/, '')}${item}`);
}

/**
 * Adds a connection to `connections` of a sluice.yaml; all other lines stay as they are.
 *
 * @param text a sluice.yaml without errors
 * @param entry lines of YAML in block style: the name with its value below
 */
export function withConnection(text: string, entry: readonly string[]): string {
  const root = rootOf(text);
  const connections = root.get('connections', true) as Node | undefined;
  if (connections === undefined) {
    const begin = text.endsWith('\n') ? text : `${text}\n`;
    return withLineBreaksOf(text, `${begin}\nconnections:\n${indented(entry, '  ')}\n`);
  }
  if (!isMap(connections)) throw new CommandError(`${FILE}: connections is no map: correct it first`);
  const last = connections.items.at(-1);
  if (!last) return replaced(text, connections, `\n${indented(entry, '  ')}`);
  if (connections.flow)
    throw new CommandError(`${FILE} has its connections in braces: write each on lines of its own, then try again`);
  const indent = columnsBefore(text, last.key as Node);
  return insertedAfterLine(text, endOf(text, (last.value ?? last.key) as Node), indented(entry, indent));
}

/** Files that were written on Windows keep their line breaks. */
function withLineBreaksOf(text: string, changed: string): string {
  return text.includes('\r\n') ? changed.replaceAll(/\r?\n/g, '\r\n') : changed;
}

function rootOf(text: string): YAMLMap {
  const { contents } = parseDocument(text);
  if (!isMap(contents) || !contents.items.every(({ key }) => isScalar(key)))
    throw new CommandError(`${FILE} cannot be read: run "sluice lint"`);
  return contents;
}

function indented(lines: readonly string[], indent: string): string {
  return lines.map((line) => indent + line).join('\n');
}

/** Returns the text of the line before a node. */
function columnsBefore(text: string, node: Node): string {
  const [start] = node.range ?? [0];
  return text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
}

function endOf(text: string, node: Node): number {
  const [start, end] = node.range ?? [0, 0];
  return start + text.slice(start, end).trimEnd().length;
}

/** A comment behind the last entry stays on its line. */
function insertedAfterLine(text: string, end: number, lines: string): string {
  const lineEnd = text.indexOf('\n', end);
  if (lineEnd === -1) return withLineBreaksOf(text, `${text}\n${lines}\n`);
  return withLineBreaksOf(text, `${text.slice(0, lineEnd)}\n${lines}${text.slice(lineEnd)}`);
}

function insertedInFlow(text: string, list: YAMLSeq, addition: string): string {
  const last = list.items.at(-1) as Node | undefined;
  const at = last ? endOf(text, last) : (list.range?.[0] ?? 0) + 1;
  return text.slice(0, at) + addition + text.slice(at);
}

function replaced(text: string, node: Node, replacement: string): string {
  const [start, end] = node.range ?? [0, 0];
  return withLineBreaksOf(text, text.slice(0, start).trimEnd() + replacement + text.slice(end));
}
