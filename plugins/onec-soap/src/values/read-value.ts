import { CONTENT_KEY } from '../schema/read-schema.js';
import type { Field, Rule, Types } from '../schema/types.js';
import { core, localOf, namespaceOf, nameIn, XS, xs, XSI, type Name } from '../xml/names.js';
import { childOf, childrenOf, resolveName, XmlProblem, type XmlElement } from '../xml/read-xml.js';
import { simpleType } from './simple-types.js';
import { ANY_TYPES, requireKnown } from './type-names.js';

type Values = Record<string, unknown>;

const TYPE = nameIn(XSI, 'type');
const NIL = nameIn(XSI, 'nil');

/** Converts XML elements to the values of a flow. Elements that the WSDL does not describe are converted as well. */
export class ValueReader {
  private readonly coreTypes: ReadonlyMap<Name, (element: XmlElement) => unknown>;

  constructor(private readonly types: Types) {
    const structure = (element: XmlElement) => this.structure(element);
    const map = (element: XmlElement) => this.map(element);
    const array = (element: XmlElement) => this.array(element);
    this.coreTypes = new Map([
      [core('Structure'), structure],
      [core('FixedStructure'), structure],
      [core('Map'), map],
      [core('FixedMap'), map],
      [core('Array'), array],
      [core('FixedArray'), array],
      [core('ValueTable'), (element: XmlElement) => this.table(element)],
      [core('Null'), () => null],
      [core('ValueStorage'), (element: XmlElement) => simpleType('base64Binary').read(element.text)],
    ]);
  }

  /**
   * Returns the results of an operation, or the fields of an object, by their keys.
   *
   * @throws XmlProblem where the elements do not match the WSDL and a conversion would lose data.
   */
  fields(fields: readonly Field[], element: XmlElement, rules: readonly Rule[] = []): Values {
    const values: Values = {};
    const left = new Set(element.children);
    for (const field of fields) {
      if (field.key === CONTENT_KEY) setOwn(values, CONTENT_KEY, this.simple(field.type, element.text));
      else if (field.attribute) this.readAttribute(field, element, values);
      else {
        const found = elementsOf(field, element);
        if (!field.many && found.length > 1)
          throw new XmlProblem(`the answer has the element ${field.key} ${found.length} times, and the WSDL allows one`);
        for (const child of found) left.delete(child);
        const read = found.map((child) => this.value(field.type, child));
        if (field.many) setOwn(values, field.key, read);
        else if (read.length > 0) setOwn(values, field.key, read[0]);
      }
    }
    for (const rule of rules) if (rule.kind === 'repeat') refuseLostPairs(rule.keys, values);
    const stray = [...left].find(({ name }) => Object.hasOwn(values, localOf(name)));
    if (stray)
      throw new XmlProblem(
        `the element ${stray.name} is not in the namespace of the WSDL, which has another element of that name`,
      );
    this.addUndescribed([...left], values);
    return values;
  }

  private readAttribute(field: Field, element: XmlElement, values: Values): void {
    const text = element.attributes.get(field.name);
    if (text !== undefined) setOwn(values, field.key, this.simple(field.type, text));
  }

  /** Converts one element. Its `xsi:type` takes precedence over the type in the WSDL. */
  value(declared: Name, element: XmlElement): unknown {
    if (['true', '1'].includes(element.attributes.get(NIL) ?? '')) return null;
    const own = element.attributes.get(TYPE);
    const type = own === undefined ? declared : resolveName(own.trim(), element.namespaces);
    const ours = this.coreTypes.get(type);
    if (ours) return ours(element);
    const definition = this.types.get(type);
    if (definition?.kind === 'object') return this.fields(definition.fields, element, definition.rules);
    if (definition === undefined && own === undefined) requireKnown(type);
    if (definition === undefined && (ANY_TYPES.has(type) || element.children.length > 0)) return this.undescribed(element);
    return this.simple(type, element.text);
  }

  private simple(type: Name, text: string): unknown {
    const definition = this.types.get(type);
    if (definition?.kind === 'simple') {
      if (!this.types.get(definition.base)) requireKnown(definition.base);
      return this.simple(definition.base, text);
    }
    return simpleType(namespaceOf(type) === XS ? localOf(type) : '').read(text);
  }

  private structure(element: XmlElement): Values {
    const values: Values = {};
    for (const property of childrenOf(element, core('Property')))
      setOwn(values, property.attributes.get('name') ?? '', this.inside(property, 'Value'));
    return values;
  }

  /** Returns a map with string keys as an object, and any other map as a list of pairs. */
  private map(element: XmlElement): unknown {
    const pairs = childrenOf(element, core('pair')).map((pair) => ({
      Key: this.inside(pair, 'Key'),
      Value: this.inside(pair, 'Value'),
    }));
    if (!pairs.every(({ Key }) => typeof Key === 'string')) return pairs;
    const values: Values = {};
    for (const { Key, Value } of pairs) setOwn(values, Key as string, Value);
    return values;
  }

  private array(element: XmlElement): unknown[] {
    return childrenOf(element, core('Value')).map((item) => this.value(xs('anyType'), item));
  }

  /** Returns the rows as objects by column name. */
  private table(element: XmlElement): Values[] {
    const columns = childrenOf(element, core('column')).map((column) => childOf(column, core('Name'))?.text ?? '');
    return childrenOf(element, core('row')).map((row) => {
      const cells = this.array(row);
      const values: Values = {};
      for (const [index, name] of columns.entries()) setOwn(values, name, cells[index] ?? null);
      return values;
    });
  }

  private inside(element: XmlElement, local: string): unknown {
    const child = childOf(element, core(local));
    return child ? this.value(xs('anyType'), child) : null;
  }

  /** Converts an element of an unknown type: children become fields, or lists if they repeat; a leaf becomes a string. */
  private undescribed(element: XmlElement): unknown {
    if (element.children.length === 0) return element.text;
    const values: Values = {};
    this.addUndescribed(element.children, values);
    return values;
  }

  private addUndescribed(children: readonly XmlElement[], values: Values): void {
    const byKey = new Map<string, unknown[]>();
    for (const child of children) {
      const key = localOf(child.name);
      const read = this.value(xs('anyType'), child);
      const same = byKey.get(key);
      if (same) same.push(read);
      else byKey.set(key, [read]);
    }
    for (const [key, read] of byKey) setOwn(values, key, read.length > 1 ? read : read[0]);
  }
}

/** Returns the elements of a field. Accepts elements with a namespace where the WSDL has none, and without one where the WSDL has one. */
function elementsOf({ name }: Field, element: XmlElement): readonly XmlElement[] {
  const found = childrenOf(element, name);
  if (found.length > 0) return found;
  return element.children.filter(
    (child) => localOf(child.name) === localOf(name) && (namespaceOf(child.name) === '' || namespaceOf(name) === ''),
  );
}

/** Throws when fields that repeat together have lists of different lengths, because items are matched by their index. */
function refuseLostPairs(keys: readonly string[], values: Values): void {
  const counts = keys.map((key) => (values[key] as readonly unknown[] | undefined)?.length ?? 0);
  if (Math.max(...counts) <= 1 || new Set(counts).size === 1) return;
  throw new XmlProblem(`${keys.join(', ')} repeat together, and some are missing: their items cannot be matched`);
}

/** Defines an own property, also for names such as `__proto__`. */
function setOwn(values: Values, name: string, value: unknown): void {
  Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
}
