import { CONTENT_KEY } from '../schema/read-schema.js';
import type { Field, Types } from '../schema/types.js';
import { core, localOf, namespaceOf, nameIn, XS, xs, XSI, type Name } from '../xml/names.js';
import { childOf, childrenOf, resolveName, type XmlElement } from '../xml/read-xml.js';
import { simpleType } from './simple-types.js';
import { ANY_TYPES } from './type-names.js';

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

  /** The results of an operation, or the fields of an object, by their keys. */
  fields(fields: readonly Field[], element: XmlElement): Values {
    const values: Values = {};
    const left = new Set(element.children);
    for (const field of fields) {
      if (field.key === CONTENT_KEY) setOwn(values, CONTENT_KEY, this.simple(field.type, element.text));
      else if (field.attribute) this.readAttribute(field, element, values);
      else {
        const found = childrenOf(element, field.name);
        for (const child of found) left.delete(child);
        const read = found.map((child) => this.value(field.type, child));
        if (field.many) setOwn(values, field.key, read);
        else if (read.length > 0) setOwn(values, field.key, read[0]);
      }
    }
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
    if (definition?.kind === 'object') return this.fields(definition.fields, element);
    if (definition === undefined && (ANY_TYPES.has(type) || element.children.length > 0)) return this.undescribed(element);
    return this.simple(type, element.text);
  }

  private simple(type: Name, text: string): unknown {
    const definition = this.types.get(type);
    if (definition?.kind === 'simple') return this.simple(definition.base, text);
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

/** An own property whatever the name: `__proto__` is data like any other. */
function setOwn(values: Values, name: string, value: unknown): void {
  Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
}
