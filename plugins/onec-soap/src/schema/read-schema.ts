import { localOf, nameIn, xs, type Name } from '../xml/names.js';
import { resolveName, type XmlElement } from '../xml/read-xml.js';
import type { Field, TypeDefinition, Types } from './types.js';

/** A description that cannot be understood, or that uses what this connector does not know. */
export class SchemaProblem extends Error {}

/** What stands for the text of an element that has attributes, as XDTO calls it. */
export const CONTENT_KEY = '__content';

interface Global {
  readonly schema: XmlElement;
  readonly element: XmlElement;
}

const SEVERAL = /^(?:unbounded|[2-9]|[1-9]\d+)$/;

/**
 * The types and elements of all schemas of a service, each read when it is first asked for: a description of 1C has hundreds, and a call
 * needs few of them.
 */
export class Schemas implements Types {
  private readonly types = new Map<Name, Global>();
  private readonly elements = new Map<Name, Global>();
  private readonly known = new Map<Name, TypeDefinition>();
  private anonymous = 0;

  constructor(
    schemas: readonly XmlElement[],
    readonly namespace: string,
  ) {
    for (const schema of schemas) this.collect(schema);
  }

  get(name: Name): TypeDefinition | undefined {
    const known = this.known.get(name);
    if (known) return known;
    const global = this.types.get(name);
    if (!global) return undefined;
    const definition = this.read(global.element, global.schema, new Set([name]));
    this.known.set(name, definition);
    return definition;
  }

  /** The fields of a global element that wraps the parameters of an operation; undefined when there is none of this name. */
  fieldsOf(element: Name): readonly Field[] | undefined {
    const global = this.elements.get(element);
    if (!global) return undefined;
    const definition = this.get(this.typeOf(global.element, global.schema));
    if (definition?.kind !== 'object') throw new SchemaProblem(`the element ${element} holds no parameters of its own`);
    return definition.fields;
  }

  private collect(schema: XmlElement): void {
    const namespace = schema.attributes.get('targetNamespace') ?? '';
    for (const element of schema.children) {
      const name = element.attributes.get('name');
      if (name === undefined) continue;
      if (element.name === xs('element')) this.elements.set(nameIn(namespace, name), { schema, element });
      else if (element.name === xs('complexType') || element.name === xs('simpleType'))
        this.types.set(nameIn(namespace, name), { schema, element });
    }
  }

  /** `above`: the types that are being read, so that one that extends itself is noticed. */
  private read(type: XmlElement, schema: XmlElement, above: ReadonlySet<Name>): TypeDefinition {
    return type.name === xs('simpleType') ? this.readSimple(type, schema, above) : this.readComplex(type, schema, above);
  }

  private readSimple(type: XmlElement, schema: XmlElement, above: ReadonlySet<Name>): TypeDefinition {
    const restriction = type.children.find(({ name }) => name === xs('restriction'));
    if (!restriction) return { kind: 'simple', base: xs('string') }; // a list or a union: a text of its own form
    const written = restriction.attributes.get('base');
    const inner = restriction.children.find(({ name }) => name === xs('simpleType'));
    const values = restriction.children
      .filter(({ name }) => name === xs('enumeration'))
      .map(({ attributes }) => attributes.get('value') ?? '');
    const nothing = inner ? this.define(inner, schema) : xs('string');
    const base = written === undefined ? nothing : resolveName(written, restriction.namespaces);
    this.refuseCircle(base, above);
    return { kind: 'simple', base, ...(values.length > 0 && { values }) };
  }

  /** A simple type is read by following its bases to the end. */
  private refuseCircle(base: Name, above: ReadonlySet<Name>): void {
    if (above.has(base)) throw new SchemaProblem(`the type ${base} extends itself`);
    const global = this.types.get(base);
    if (global?.element.name === xs('simpleType')) this.readSimple(global.element, global.schema, new Set([...above, base]));
  }

  private readComplex(type: XmlElement, schema: XmlElement, above: ReadonlySet<Name>): TypeDefinition {
    const content = type.children.find(({ name }) => name === xs('complexContent') || name === xs('simpleContent'));
    const derived = content?.children.find(({ name }) => name === xs('extension') || name === xs('restriction'));
    const own = this.readParticles(derived ?? type, schema);
    if (!derived || !content) return own;
    const base = resolveName(derived.attributes.get('base') ?? '', derived.namespaces);
    if (content.name === xs('simpleContent')) {
      const text: Field = { ...ELEMENT, key: CONTENT_KEY, name: CONTENT_KEY, type: base };
      return { ...own, fields: [text, ...own.fields] };
    }
    if (derived.name === xs('restriction')) return own; // it says again what is left of the base
    if (above.has(base)) throw new SchemaProblem(`the type ${base} extends itself`);
    const global = this.types.get(base);
    const inherited = global && this.read(global.element, global.schema, new Set([...above, base]));
    if (inherited?.kind !== 'object') return own;
    return { kind: 'object', fields: [...inherited.fields, ...own.fields], open: inherited.open || own.open };
  }

  private readParticles(parent: XmlElement, schema: XmlElement): Extract<TypeDefinition, { kind: 'object' }> {
    const fields: Field[] = [];
    let open = false;
    const read = (particle: XmlElement, outer: { readonly optional: boolean; readonly many: boolean }) => {
      switch (particle.name) {
        case xs('element'):
          fields.push(this.readElement(particle, schema, outer));
          break;
        case xs('attribute'):
          fields.push(this.readAttribute(particle, schema));
          break;
        case xs('any'):
        case xs('anyAttribute'):
          open = true;
          break;
        case xs('sequence'):
        case xs('all'):
        case xs('choice'): {
          const optional = outer.optional || isOptional(particle) || particle.name === xs('choice');
          const inner = { optional, many: outer.many || isMany(particle) };
          for (const child of particle.children) read(child, inner);
          break;
        }
        case xs('group'):
        case xs('attributeGroup'):
          throw new SchemaProblem('it uses groups of elements, which 1C does not write');
      }
    };
    for (const child of parent.children) read(child, { optional: false, many: false });
    return { kind: 'object', fields, open };
  }

  private readElement(
    element: XmlElement,
    schema: XmlElement,
    outer: { readonly optional: boolean; readonly many: boolean },
  ): Field {
    const occurs = { optional: outer.optional || isOptional(element), many: outer.many || isMany(element) };
    const ref = element.attributes.get('ref');
    if (ref !== undefined) {
      const name = resolveName(ref, element.namespaces);
      const global = this.elements.get(name);
      if (!global) throw new SchemaProblem(`the element ${name} is not described`);
      const key = global.element.attributes.get('name') ?? '';
      return {
        ...ELEMENT,
        ...occurs,
        key,
        name,
        type: this.typeOf(global.element, global.schema),
        nillable: isNillable(global.element),
      };
    }
    const key = element.attributes.get('name') ?? '';
    const qualified = (element.attributes.get('form') ?? schema.attributes.get('elementFormDefault')) === 'qualified';
    const name = nameIn(qualified ? (schema.attributes.get('targetNamespace') ?? '') : '', key);
    return { ...ELEMENT, ...occurs, key, name, type: this.typeOf(element, schema), nillable: isNillable(element) };
  }

  private readAttribute(attribute: XmlElement, schema: XmlElement): Field {
    const optional = attribute.attributes.get('use') !== 'required';
    const ref = attribute.attributes.get('ref');
    if (ref !== undefined) {
      const name = resolveName(ref, attribute.namespaces);
      return { ...ELEMENT, key: localOf(name), name, type: xs('string'), optional, attribute: true };
    }
    const key = attribute.attributes.get('name') ?? '';
    const qualified = (attribute.attributes.get('form') ?? schema.attributes.get('attributeFormDefault')) === 'qualified';
    const name = qualified ? nameIn(schema.attributes.get('targetNamespace') ?? '', key) : key;
    return { ...ELEMENT, key, name, type: this.typeOf(attribute, schema), optional, attribute: true };
  }

  /** Its type by name; one that stands inside of it gets a name of our own. */
  private typeOf(element: XmlElement, schema: XmlElement): Name {
    const type = element.attributes.get('type');
    if (type !== undefined) return resolveName(type, element.namespaces);
    const inner = element.children.find(({ name }) => name === xs('complexType') || name === xs('simpleType'));
    return inner ? this.define(inner, schema) : xs('anyType');
  }

  private define(type: XmlElement, schema: XmlElement): Name {
    const name = nameIn('', `#${++this.anonymous}`);
    this.types.set(name, { schema, element: type });
    return name;
  }
}

const ELEMENT = { optional: false, many: false, nillable: false, attribute: false } as const;

const isOptional = ({ attributes }: XmlElement) => attributes.get('minOccurs') === '0';
const isMany = ({ attributes }: XmlElement) => SEVERAL.test(attributes.get('maxOccurs') ?? '1');
const isNillable = ({ attributes }: XmlElement) => ['true', '1'].includes(attributes.get('nillable') ?? '');
