import { CONTENT_KEY } from '../schema/read-schema.js';
import type { Field, Rule, TypeDefinition, Types } from '../schema/types.js';
import { core, localOf, namespaceOf, XS, xs, type Name } from '../xml/names.js';
import { escapeAttribute, escapeText, isWritable, type Prefixes } from '../xml/write-xml.js';
import { nearest } from './nearest.js';
import { simpleType } from './simple-types.js';
import { ANY_TYPES, isBuiltIn, isTypedValue, requireKnown, typeNamed } from './type-names.js';

export type Path = readonly (string | number)[];

/** A value that does not fit its type. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  /** It is the last key of the path that is wrong, and not its value. */
  readonly key?: true;
  /** What was probably meant, to be written in its place. */
  readonly write?: string;
}

/** What stands in the tag of an element behind its name, and between its tags. */
interface Written {
  readonly attributes: string;
  readonly content: string;
}

const NOTHING: Written = { attributes: '', content: '' };
const NIL = ' xsi:nil="true"';
const ANY_REFUSED = 'and the connector cannot write such elements';

/**
 * Writes values of a flow as the elements that a description asks for. Goes on past what does not fit, so that {@link problems} tells all
 * of it at once; what was written is good for nothing then. `undefined` stands for a value that is not known yet, and fits everywhere.
 */
export class ValueWriter {
  readonly problems: Problem[] = [];
  /** How 1C's own values are written: the type and what makes the content. */
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
      this.refuse(path, `${what} is a map of its fields`);
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

  /** Fields that repeat together: the first of each, then the second of each. */
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

  /** Refuses fields whose combination the content model does not allow. */
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
        if (fitting.length === 0) this.refuse(path, `${what} takes either ${alternatives}, and not several of them`);
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
          this.refuse(path, `${what} has ${rule.keys.join(', ')} together, again and again: give lists of the same length`);
      }
    }
  }

  private element(field: Field, value: unknown, path: Path): string {
    if (field.key === CONTENT_KEY) return this.valueOf(field.type, value, path).content;
    if (field.abstract) {
      this.refuse(path, 'it only stands for other elements (a substitution group), and the WSDL describes none of them');
      return '';
    }
    if (field.many && value !== undefined) {
      // a list of one is easily lost on the way through expressions
      const items: readonly unknown[] = Array.isArray(value) ? value : [value];
      const least = items.length === 0 && field.optional ? 0 : field.minOccurs;
      if (items.length < least) this.refuse(path, `a list of at least ${least}`);
      if (items.length > field.maxOccurs) this.refuse(path, `a list of at most ${field.maxOccurs}`);
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
    // without a namespace its name is bare, as the reader of XML gives it
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
      this.refuse(path, 'it tells its type twice');
      return NOTHING;
    }
    if (ANY_TYPES.has(type)) return this.anyValue(value, path);
    const { attributes, content } = this.valueOf(type, value, path);
    return { attributes: ` xsi:type="${this.prefixes.write(type)}"${attributes}`, content };
  }

  /** The type that a value names. A plain name is one of the service, else the only one of that name in its packages. */
  private typeNamed(name: unknown, path: Path): Name | undefined {
    const type = typeNamed(name, this.types.namespace);
    if (type === undefined) {
      this.refuse(path, `"${String(name)}" is no type: write xs:…, v8:…, cfg:…, {namespace}Name, or a type of the service`);
      return undefined;
    }
    if (isBuiltIn(type) || this.types.get(type)) return type;
    const others = this.types.named(localOf(type));
    if (others.length === 1 && name === localOf(type)) return others[0];
    const hint = others.length === 0 ? 'the WSDL does not describe it' : `write ${others.join(' or ')}`;
    this.refuse(path, `"${String(name)}" is no type of the service: ${hint}`);
    return undefined;
  }

  private refuseAbstract(type: Name, path: Path): void {
    const derived = this.types.derivedFrom(type).map(nameForFlows(this.types.namespace));
    this.refuse(
      path,
      `${localOf(type)} is abstract: name one of the types that extend it as #type: ${derived.join(', ') || 'there is none'}`,
    );
  }

  /** Where any value may stand, its own kind says what it is to 1C. */
  private anyValue(value: unknown, path: Path): Written {
    if (value === null) return { attributes: NIL, content: '' };
    if (Array.isArray(value)) return this.typed('v8:Array', value, path);
    if (typeof value === 'object') return this.typed('v8:Structure', value, path);
    if (typeof value === 'number') return this.typed('xs:decimal', value, path);
    return this.typed(typeof value === 'boolean' ? 'xs:boolean' : 'xs:string', value, path);
  }

  /** The text of a value; undefined when it does not fit, which is noted. */
  private simple(
    type: Name,
    value: unknown,
    path: Path,
    definition: TypeDefinition | undefined = this.types.get(type),
  ): string | undefined {
    if (definition?.kind === 'simple') {
      const text = this.simple(definition.base, value, path);
      if (text === undefined || !definition.values || definition.values.includes(text)) return text;
      this.refuse(path, `it is one of ${definition.values.slice(0, 20).join(', ')}`);
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

  /** Its columns are the keys of all rows; where a row has none of them, the cell is empty. */
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
      this.refuse(path, `${what} is written as a map`);
      return [];
    }
    const entries = Object.entries(value);
    for (const [key] of entries) if (!isWritable(key)) this.refuse(path, 'a key has characters that XML cannot carry');
    return entries;
  }

  private items(value: unknown, path: Path, what: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    this.refuse(path, `${what} is written as a list`);
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

/** The keys of a rule by which fields repeat, when each of them has a list of the same length, and more than one item. */
function repeatOf(rule: Rule, values: Readonly<Record<string, unknown>>): [string, Repeat][] {
  if (rule.kind !== 'repeat') return [];
  const [times = 0, ...others] = rule.keys.map((key) => countOf(values, key) ?? 0);
  if (times <= 1 || others.some((count) => count !== times)) return [];
  return rule.keys.map((key) => [key, { keys: rule.keys, times }]);
}

/** How many values a field has; undefined when that is not known yet. */
function countOf(values: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = values[key];
  if (value === undefined) return Object.hasOwn(values, key) ? undefined : 0;
  return Array.isArray(value) ? value.length : 1;
}

/** Is there anything to write of this field? What is not known yet is there. */
function isPresent(values: Readonly<Record<string, unknown>>, key: string): boolean {
  if (!Object.hasOwn(values, key)) return false;
  const value = values[key];
  return !(Array.isArray(value) && value.length === 0);
}

/** A type of the service has a plain name for a flow. */
function nameForFlows(namespace: string): (type: Name) => string {
  return (type) => (namespaceOf(type) === namespace ? localOf(type) : type);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reason(what: string, value: unknown, type: Name): string {
  if (typeof value === 'object' && value !== null)
    return `${localOf(type)} is ${what}, and not a ${Array.isArray(value) ? 'list' : 'map'}; \`json: true\` writes it as JSON`;
  if (typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value))
    return `${localOf(type)}: a number past 2^53-1 has been rounded: give it as a text`;
  return `${localOf(type)} is ${what}${typeof value === 'string' && !isWritable(value) ? ' without control characters' : ''}`;
}
