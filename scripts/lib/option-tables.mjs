// Generates the option tables in the READMEs of connectors from their schemas.
import { z } from 'zod';
import { DURATION_PATTERN, SIZE_PATTERN } from '@sluice/plugin-api';

/**
 * Returns the tables of a plugin: its connection, its actions and its triggers. Throws with the name of each key without a description.
 * @param {{ name: string, connection?: object, actions: object, triggers: object }} plugin
 */
export function optionTables(plugin) {
  const parts = [
    ['`connections.<name>.with`', plugin.connection],
    ...Object.entries(plugin.actions).map(([name, { title, input }]) => [`\`${plugin.name}.${name}\`: ${title}`, input]),
    ...Object.entries(plugin.triggers).map(([name, { title, options }]) => [
      `trigger \`${plugin.name}.${name}\`: ${title}`,
      options,
    ]),
  ];
  const missing = [];
  const tables = parts.flatMap(([title, schema]) => {
    const rows = schema ? rowsOf(jsonSchemaOf(schema), '', true) : [];
    missing.push(...rows.filter((row) => row.meaning === undefined).map((row) => `${plugin.name}: ${title}: ${row.key}`));
    return rows.length > 0 ? [`${title}`, '', ...table(rows), ''] : [];
  });
  if (missing.length > 0) throw new Error(`without a description (.describe(…) in the schema):\n${missing.join('\n')}`);
  return tables.join('\n').trimEnd();
}

const BEGIN = '<!-- options: generated from the schemas by "npm run docs" -->';
const END = '<!-- end of options -->';

/** Replaces the text between the marks of a README. */
export function replaceOptions(readme, tables) {
  const start = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error(`the README needs the lines ${BEGIN} and ${END}`);
  return `${readme.slice(0, start + BEGIN.length)}\n\n${tables}\n\n${readme.slice(end)}`;
}

function jsonSchemaOf(schema) {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
}

/** Returns a row for each key; keys of inner objects follow theirs with a dotted name. */
function rowsOf(schema, prefix, certain) {
  const found = new Map();
  for (const one of alternatives(schema)) {
    for (const [key, value] of Object.entries(one.properties ?? {})) {
      const name = prefix === '' ? key : `${prefix}.${key}`;
      if (found.has(name)) continue;
      const isRequired = certain && alternatives(schema).every(({ required = [] }) => required.includes(key));
      const objects = innerObjects(value);
      // the keys of an optional object, and of one of several, are required only sometimes
      const inner = objects.flatMap((each) =>
        rowsOf(each, value.type === 'array' ? `${name}[]` : name, isRequired && objects.length === 1),
      );
      const meaning = value.description ?? alternatives(value).find((each) => each.description)?.description;
      found.set(name, [
        { key: name, type: typeOf(value), preset: presetOf(value, isRequired), meaning },
        ...inner.filter((row, index) => inner.findIndex(({ key }) => key === row.key) === index),
      ]);
    }
  }
  return [...found.values()].flat();
}

/** Returns the schemas that a value may match: itself, or those of a choice. */
function alternatives(schema) {
  const choice = schema.anyOf ?? schema.oneOf;
  if (choice) return choice.flatMap(alternatives);
  if (schema.allOf)
    return [{ ...schema, properties: Object.assign({}, schema.properties, ...schema.allOf.map((one) => one.properties)) }];
  return [schema];
}

function innerObjects(schema) {
  return alternatives(schema.type === 'array' ? (schema.items ?? {}) : schema).filter((one) => one.properties);
}

function typeOf(schema) {
  return [...new Set(alternatives(schema).map(simpleType))].join(' or ');
}

function simpleType(schema) {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.secret) return 'secret';
  if (schema.pattern === DURATION_PATTERN.source) return 'duration';
  if (schema.pattern === SIZE_PATTERN.source) return 'size';
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'values'}`;
  if (schema.type === 'object') return schema.properties ? 'map with keys' : 'map';
  if (schema.type === 'integer' || schema.type === 'number')
    return `${schema.type === 'integer' ? 'whole number' : 'number'}${bounds(schema)}`;
  if (schema.type === 'string') return `text${lengths(schema)}`;
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema.type === 'null') return '`null`';
  return 'any value';
}

function bounds({ minimum, maximum, exclusiveMinimum }) {
  const low = minimum ?? exclusiveMinimum;
  const isBounded = (value) => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (isBounded(low) && isBounded(maximum)) return ` ${exclusiveMinimum === undefined ? '' : 'above '}${low} to ${maximum}`;
  if (isBounded(low)) return exclusiveMinimum === undefined ? ` from ${low}` : ` above ${low}`;
  return isBounded(maximum) ? ` to ${maximum}` : '';
}

function lengths({ maxLength }) {
  return maxLength === undefined ? '' : ` to ${maxLength} characters`;
}

function presetOf(schema, isRequired) {
  const { default: value } = schema;
  if (value === undefined) return isRequired ? 'required' : '';
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
}

function table(rows) {
  const line = (cells) => `| ${cells.map((cell) => escaped(cell)).join(' | ')} |`;
  return [
    line(['key', 'type', 'default', 'meaning']),
    '|---|---|---|---|',
    ...rows.map(({ key, type, preset, meaning }) => line([`\`${key}\``, type, preset, meaning ?? ''])),
  ];
}

/** Escapes a text for a cell: a bar ends it, and outside of code `<name>` would be HTML. */
function escaped(cell) {
  const parts = cell.replaceAll('|', '\\|').replaceAll('\n', ' ').split('`');
  return parts.map((part, index) => (index % 2 === 0 ? part.replaceAll('<', '&lt;') : part)).join('`');
}
