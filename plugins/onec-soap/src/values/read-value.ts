import { CONTENT_KEY } from '../schema/read-schema.js';
import type { Field, Rule, Types } from '../schema/types.js';
import { core, localOf, namespaceOf, nameIn, XS, xs, XSI, type Name } from '../xml/names.js';
import { childOf, childrenOf, resolveName, XmlProblem, type XmlElement } from '../xml/read-xml.js';
import { simpleType } from './simple-types.js';
import { ANY_TYPES, requireKnown } from './type-names.js';

type Values = Record<string, unknown>;

const TYPE = nameIn(XSI, 'type');
const NIL = nameIn(XSI, 'nil');

/** Reads elements as the values that a flow works with. The other side may say more than its description does: that is let through. */
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
   * @throws XmlProblem where the elements do not fit the description so that something of them would be lost.
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
          throw new XmlProblem(`the element ${field.key} stands ${found.length} times, and the WSDL allows one`);
        for (const child of found) left.delete(child);
        const read = found.map((child) => this.value(field.type, child));
        if (field.many) setOwn(values, field.key, read);
        else if (read.length > 0) setOwn(values, field.key, read[0]);
      }
    }
    for (const rule of rules) if (rule.kind === 'repeat') refuseLostPairs(rule.keys, values);
    const stray = [...left].find(({ name }) => Object.hasOwn(values, localOf(name)));
    if (stray)
      throw new XmlProblem(`the element ${stray.name} is not in the namespace of the WSDL, which has another one of that name`);
    this.addUndescribed([...left], values);
    return values;
  }

  private readAttribute(field: Field, element: XmlElement, values: Values): void {
    const text = element.attributes.get(field.name);
    if (text !== undefined) setOwn(values, field.key, this.simple(field.type, text));
  }

  /** One value of a type; `xsi:type` goes before what the description says. */
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

  /** A map with texts as its keys is one for a flow too; any other is a list of pairs. */
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

  /** Rows as maps by column. */
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

  /** What nothing is known of: elements become fields, several of a name a list, and an element without any a text. */
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

/** The elements of a field. One that the service writes with a namespace where the WSDL says without, or the other way round, is meant all the same. */
function elementsOf({ name }: Field, element: XmlElement): readonly XmlElement[] {
  const found = childrenOf(element, name);
  if (found.length > 0) return found;
  return element.children.filter(
    (child) => localOf(child.name) === localOf(name) && (namespaceOf(child.name) === '' || namespaceOf(name) === ''),
  );
}

/** Fields that repeat together belong together by their number, as long as none of them is missing. */
function refuseLostPairs(keys: readonly string[], values: Values): void {
  const counts = keys.map((key) => (values[key] as readonly unknown[] | undefined)?.length ?? 0);
  if (Math.max(...counts) <= 1 || new Set(counts).size === 1) return;
  throw new XmlProblem(`${keys.join(', ')} repeat together, and some are missing: which belong together would be lost`);
}

/** An own property whatever the name: `__proto__` is data like any other. */
function setOwn(values: Values, name: string, value: unknown): void {
  Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
}
