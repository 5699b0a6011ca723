import { CONTENT_KEY } from '../schema/read-schema.js';
import type { Field, Rule, TypeDefinition, Types } from '../schema/types.js';
import { core, localOf, namespaceOf, XS, xs, type Name } from '../xml/names.js';
import { escapeAttribute, escapeText, isWritable, type Prefixes } from '../xml/write-xml.js';
import { nearest } from './nearest.js';
import { simpleType } from './simple-types.js';
import { ANY_TYPES, isBuiltIn, isTypedValue, requireKnown, typeNamed } from './type-names.js';

export type Path = readonly (string | number)[];

/** A value that does not match its type. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  /** Set when the last key of the path is wrong, not its value. */
  readonly key?: true;
  /** The most similar known name, as a replacement. */
  readonly write?: string;
}

/** The attributes and the content of an element, as XML. */
interface Written {
  readonly attributes: string;
  readonly content: string;
}

const NOTHING: Written = { attributes: '', content: '' };
const NIL = ' xsi:nil="true"';
const ANY_REFUSED = 'and the connector cannot write such elements';

/**
 * Writes values of a flow as the elements that the WSDL describes. Continues after a value that does not match, so that {@link problems}
 * contains all problems; the written XML must not be used then. `undefined` is a value that is not known yet and matches every type.
 */
export class ValueWriter {
  readonly problems: Problem[] = [];
  /** Functions that write the content of values of 1C, by type. */
  private readonly coreTypes: ReadonlyMap<Name, (value: unknown, path: Path) => string>;

  constructor(
    private readonly types: Types,
    private readonly prefixes: Prefixes,
    private readonly timezone: string | undefined,
  ) {
    const structure = (value: unknown, path: Path) => this.structure(value, path);
    const map = (value: unknown, path: Path) => this.map(value, path);
    const array = (value: unknown, path: Path) => this.array(value, path);
    this.coreTypes = new Map([
      [core('Structure'), structure],
      [core('FixedStructure'), structure],
      [core('Map'), map],
      [core('FixedMap'), map],
      [core('Array'), array],
      [core('FixedArray'), array],
      [core('ValueTable'), (value: unknown, path: Path) => this.table(value, path)],
    ]);
  }

  /** Writes the fields of an object, or the parameters of an operation, in their order. */
  fields(fields: readonly Field[], value: unknown, path: Path, what: string, rules: readonly Rule[] = []): Written {
    if (!isMap(value)) {
      this.refuse(path, `${what} must be a map of its fields`);
      return NOTHING;
    }
    const known = new Set(fields.map(({ key }) => key));
    const isOpen = rules.some(({ kind }) => kind === 'any');
    for (const key of Object.keys(value)) if (!known.has(key)) this.refuseKey(path, key, known, what, isOpen);
    for (const rule of rules) this.refuseAgainst(rule, value, path, what);
    const repeated = new Map(rules.flatMap((rule) => repeatOf(rule, value)));
    let attributes = '';
    let content = '';
    for (const field of fields) {
      const rule = repeated.get(field.key);
      if (rule) {
        if (rule.keys[0] === field.key) content += this.repeated(fields, rule, value, path);
        continue;
      }
      const given = Object.hasOwn(value, field.key);
      const one = value[field.key];
      if (!given && field.nillable && !field.optional) content += this.tag(field.name, { attributes: NIL, content: '' });
      else if (!given) this.refuseAbsence(path, field, what);
      else if (field.attribute) attributes += this.attribute(field, one, [...path, field.key]);
      else content += this.element(field, one, [...path, field.key]);
    }
    return { attributes, content };
  }

  /** Writes fields that repeat together: the first item of each field, then the second item of each field. */
  private repeated(
    fields: readonly Field[],
    { keys, times }: Repeat,
    values: Readonly<Record<string, unknown>>,
    path: Path,
  ): string {
    const together = fields.filter(({ key }) => keys.includes(key));
    let content = '';
    for (let index = 0; index < times; index++)
      for (const field of together)
        content += this.element({ ...field, many: false }, (values[field.key] as readonly unknown[])[index], [
          ...path,
          field.key,
          index,
        ]);
    return content;
  }

  /** Reports fields that the content model does not allow in this combination. */
  private refuseAgainst(rule: Rule, values: Readonly<Record<string, unknown>>, path: Path, what: string): void {
    const isGiven = (key: string) => isPresent(values, key);
    switch (rule.kind) {
      case 'together':
        if (!rule.group.keys.some(isGiven)) return;
        for (const key of rule.group.required)
          if (!isGiven(key)) this.refuse(path, `${what} needs "${key}" beside ${rule.group.keys.filter(isGiven).join(', ')}`);
        return;
      case 'choice': {
        const given = rule.groups.flatMap(({ keys }) => keys).filter(isGiven);
        const alternatives = rule.groups.map(({ keys }) => keys.join(' with ')).join(', or ');
        if (given.length === 0) {
          if (!rule.optional) this.refuse(path, `${what} needs one of ${alternatives}`);
          return;
        }
        const fitting = rule.groups.filter(({ keys }) => given.every((key) => keys.includes(key)));
        if (fitting.length === 0) this.refuse(path, `${what} takes either ${alternatives}, but only one of them`);
        else if (!fitting.some(({ required }) => required.every(isGiven)))
          this.refuse(
            path,
            `${what} needs ${(fitting[0]?.required ?? []).filter((key) => !isGiven(key)).join(', ')} beside ${given.join(', ')}`,
          );
        return;
      }
      case 'any':
        if (rule.required) this.refuse(path, `${what} needs an element that the WSDL does not describe (xs:any), ${ANY_REFUSED}`);
        return;
      case 'repeat': {
        const counts = rule.keys.map((key) => countOf(values, key)).filter((count) => count !== undefined);
        if (Math.max(0, ...counts) > 1 && new Set(counts).size > 1)
          this.refuse(path, `${what} repeats ${rule.keys.join(', ')} together: write lists of the same length`);
      }
    }
  }

  private element(field: Field, value: unknown, path: Path): string {
    if (field.key === CONTENT_KEY) return this.valueOf(field.type, value, path).content;
    if (field.abstract) {
      this.refuse(
        path,
        'the element is the abstract head of a substitution group, and the WSDL describes no member of the group',
      );
      return '';
    }
    if (field.many && value !== undefined) {
      // expressions often turn a list of one item into the item
      const items: readonly unknown[] = Array.isArray(value) ? value : [value];
      const least = items.length === 0 && field.optional ? 0 : field.minOccurs;
      if (items.length < least) this.refuse(path, `the list must have at least ${least} items`);
      if (items.length > field.maxOccurs) this.refuse(path, `the list must have at most ${field.maxOccurs} items`);
      return items.map((item, index) => this.tag(field.name, this.orNil(field, item, [...path, index]))).join('');
    }
    if (value === null && field.optional && !field.nillable) return '';
    return this.tag(field.name, this.orNil(field, value, path));
  }

  private orNil(field: Field, value: unknown, path: Path): Written {
    return value === null && (field.nillable || ANY_TYPES.has(field.type))
      ? { attributes: NIL, content: '' }
      : this.valueOf(field.type, value, path);
  }

  private attribute(field: Field, value: unknown, path: Path): string {
    if (value === null) {
      if (!field.optional) this.refuse(path, 'the attribute must have a value');
      return '';
    }
    const text = this.simple(field.type, value, path);
    if (text === undefined) return '';
    // the name of an attribute without a namespace has no braces, see XmlElement.attributes
    const name = field.name.startsWith('{') ? this.prefixes.write(field.name) : field.name;
    return ` ${name}="${escapeAttribute(text)}"`;
  }

  private valueOf(type: Name, value: unknown, path: Path): Written {
    if (value === undefined) return NOTHING;
    if (isTypedValue(value)) return this.typed(value['#type'], value['#value'], path);
    if (ANY_TYPES.has(type)) return this.anyValue(value, path);
    const ours = this.coreTypes.get(type);
    if (ours) return { attributes: '', content: ours(value, path) };
    const definition = this.types.get(type);
    if (definition?.kind === 'object') {
      if (definition.abstract) this.refuseAbstract(type, path);
      return this.fields(definition.fields, value, path, localOf(type), definition.rules);
    }
    const text = this.simple(type, value, path, definition);
    return text === undefined ? NOTHING : { attributes: '', content: escapeText(text) };
  }

  private typed(name: unknown, value: unknown, path: Path): Written {
    const type = this.typeNamed(name, path);
    if (type === undefined) return NOTHING;
    if (isTypedValue(value)) {
      this.refuse(path, 'the value has #type twice');
      return NOTHING;
    }
    if (ANY_TYPES.has(type)) return this.anyValue(value, path);
    const { attributes, content } = this.valueOf(type, value, path);
    return { attributes: ` xsi:type="${this.prefixes.write(type)}"${attributes}`, content };
  }

  /** Returns the type that a value names. A plain name is a type of the service, or the only type with that name in its packages. */
  private typeNamed(name: unknown, path: Path): Name | undefined {
    const type = typeNamed(name, this.types.namespace);
    if (type === undefined) {
      this.refuse(path, `"${String(name)}" is not a type: write xs:…, v8:…, cfg:…, {namespace}Name, or a type of the service`);
      return undefined;
    }
    if (isBuiltIn(type) || this.types.get(type)) return type;
    const others = this.types.named(localOf(type));
    if (others.length === 1 && name === localOf(type)) return others[0];
    const hint = others.length === 0 ? 'the WSDL does not describe it' : `write ${others.join(' or ')}`;
    this.refuse(path, `"${String(name)}" is not a type of the service: ${hint}`);
    return undefined;
  }

  private refuseAbstract(type: Name, path: Path): void {
    const derived = this.types.derivedFrom(type).map(nameForFlows(this.types.namespace));
    this.refuse(
      path,
      `${localOf(type)} is abstract: name one of the types that extend it as #type: ${derived.join(', ') || 'there is none'}`,
    );
  }

  /** Writes a value where any type is allowed, with the type of 1C that corresponds to its JavaScript type. */
  private anyValue(value: unknown, path: Path): Written {
    if (value === null) return { attributes: NIL, content: '' };
    if (Array.isArray(value)) return this.typed('v8:Array', value, path);
    if (typeof value === 'object') return this.typed('v8:Structure', value, path);
    if (typeof value === 'number') return this.typed('xs:decimal', value, path);
    return this.typed(typeof value === 'boolean' ? 'xs:boolean' : 'xs:string', value, path);
  }

  /** Returns the text of a value, or reports a problem and returns undefined. */
  private simple(
    type: Name,
    value: unknown,
    path: Path,
    definition: TypeDefinition | undefined = this.types.get(type),
  ): string | undefined {
    if (definition?.kind === 'simple') {
      const text = this.simple(definition.base, value, path);
      if (text === undefined || !definition.values || definition.values.includes(text)) return text;
      this.refuse(path, `the value must be one of ${definition.values.slice(0, 20).join(', ')}`);
      return undefined;
    }
    if (!definition) requireKnown(type);
    const known = simpleType(namespaceOf(type) === XS ? localOf(type) : '');
    const text = known.write(value, this.timezone);
    if (text !== undefined) return text;
    this.refuse(path, reason(known.what, value, type));
    return undefined;
  }

  private structure(value: unknown, path: Path): string {
    return this.entries(value, path, 'a Structure')
      .map(([key, one]) => {
        const inner = this.tag(core('Value'), this.anyOrUnknown(one, [...path, key]));
        return `<v8:Property name="${escapeAttribute(key)}">${inner}</v8:Property>`;
      })
      .join('');
  }

  private map(value: unknown, path: Path): string {
    const pairs = Array.isArray(value)
      ? value.map(
          (pair, index) => [isMap(pair) ? pair['Key'] : undefined, isMap(pair) ? pair['Value'] : undefined, index] as const,
        )
      : this.entries(value, path, 'a Map').map(([key, one]) => [key, one, key] as const);
    return pairs
      .map(([key, one, at]) => {
        const inner = [...path, at];
        return `<v8:pair>${this.tag(core('Key'), this.anyOrUnknown(key, inner))}${this.tag(core('Value'), this.anyOrUnknown(one, inner))}</v8:pair>`;
      })
      .join('');
  }

  private array(value: unknown, path: Path): string {
    return this.items(value, path, 'an Array')
      .map((item, index) => this.tag(core('Value'), this.anyOrUnknown(item, [...path, index])))
      .join('');
  }

  /** Writes a ValueTable. Its columns are the keys of all rows; a cell is empty where its row lacks the key. */
  private table(value: unknown, path: Path): string {
    const rows = this.items(value, path, 'a ValueTable').map((row, index) =>
      row === undefined ? {} : Object.fromEntries(this.entries(row, [...path, index], 'a row')),
    );
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const head = columns.map((name) => `<v8:column><v8:Name>${escapeText(name)}</v8:Name><v8:ValueType/></v8:column>`);
    const body = rows.map((row, index) => {
      const cells = columns.map((name) => {
        const cell = Object.hasOwn(row, name) ? row[name] : undefined;
        return this.tag(core('Value'), this.anyOrUnknown(cell ?? null, [...path, index, name]));
      });
      return `<v8:row>${cells.join('')}</v8:row>`;
    });
    return head.join('') + body.join('');
  }

  private anyOrUnknown(value: unknown, path: Path): Written {
    return this.valueOf(xs('anyType'), value, path);
  }

  private entries(value: unknown, path: Path, what: string): [string, unknown][] {
    if (!isMap(value)) {
      this.refuse(path, `${what} must be written as a map`);
      return [];
    }
    const entries = Object.entries(value);
    for (const [key] of entries) if (!isWritable(key)) this.refuse(path, 'a key has characters that XML cannot carry');
    return entries;
  }

  private items(value: unknown, path: Path, what: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    this.refuse(path, `${what} must be written as a list`);
    return [];
  }

  private tag(name: Name, { attributes, content }: Written): string {
    const tag = this.prefixes.write(name);
    return content === '' ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${content}</${tag}>`;
  }

  private refuseAbsence(path: Path, field: Field, what: string): void {
    if (!field.optional) this.refuse(path, `${what} needs "${field.key}"`);
  }

  private refuseKey(path: Path, key: string, known: ReadonlySet<string>, what: string, isOpen: boolean): void {
    const write = nearest(key, known);
    const hint = isOpen ? `; the WSDL takes others (xs:any), ${ANY_REFUSED}` : '';
    const message = `${what} has no "${key}"; it has ${[...known].join(', ') || 'none'}${hint}`;
    this.problems.push({ path: [...path, key], message, key: true, ...(write !== undefined && { write }) });
  }

  private refuse(path: Path, message: string): void {
    this.problems.push({ path, message });
  }
}

interface Repeat {
  readonly keys: readonly string[];
  readonly times: number;
}

/** Returns the keys of a repeat rule when all of them have lists of the same length with more than one item. */
function repeatOf(rule: Rule, values: Readonly<Record<string, unknown>>): [string, Repeat][] {
  if (rule.kind !== 'repeat') return [];
  const [times = 0, ...others] = rule.keys.map((key) => countOf(values, key) ?? 0);
  if (times <= 1 || others.some((count) => count !== times)) return [];
  return rule.keys.map((key) => [key, { keys: rule.keys, times }]);
}

/** Returns the number of values of a field, or undefined when it is not known yet. */
function countOf(values: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = values[key];
  if (value === undefined) return Object.hasOwn(values, key) ? undefined : 0;
  return Array.isArray(value) ? value.length : 1;
}

/** Returns whether the field has a value to write. A value that is not known yet counts as present. */
function isPresent(values: Readonly<Record<string, unknown>>, key: string): boolean {
  if (!Object.hasOwn(values, key)) return false;
  const value = values[key];
  return !(Array.isArray(value) && value.length === 0);
}

/** Returns a function that shortens type names of the service to plain names, as flows write them. */
function nameForFlows(namespace: string): (type: Name) => string {
  return (type) => (namespaceOf(type) === namespace ? localOf(type) : type);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reason(what: string, value: unknown, type: Name): string {
  if (typeof value === 'object' && value !== null)
    return `${localOf(type)} is ${what}, not a ${Array.isArray(value) ? 'list' : 'map'}; \`json: true\` writes it as JSON`;
  if (typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value))
    return `${localOf(type)}: JavaScript has rounded a number beyond 2^53-1: write the number as a text`;
  return `${localOf(type)} is ${what}${typeof value === 'string' && !isWritable(value) ? ' without control characters' : ''}`;
}
