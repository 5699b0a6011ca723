import { localOf, nameIn, namespaceOf, XS, xs, type Name } from '../xml/names.js';
import { resolveName, type XmlElement } from '../xml/read-xml.js';
import { readParticles, type Particle } from './particles.js';
import type { Field, ObjectType, Rule, TypeDefinition, Types } from './types.js';

/** A WSDL that is not valid, or that uses a feature that this connector does not support. */
export class SchemaProblem extends Error {}

/** Key of the text of an element with attributes; XDTO of 1C uses the same name. */
export const CONTENT_KEY = '__content';

interface Global {
  readonly schema: XmlElement;
  readonly element: XmlElement;
}

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

/**
 * The types and elements of all schemas of a service. Each is read when it is first used: a WSDL of 1C has hundreds, and a call needs only
 * a few of them.
 */
export class Schemas implements Types {
  private readonly types = new Map<Name, Global>();
  private readonly elements = new Map<Name, Global>();
  private readonly attributes = new Map<Name, Global>();
  private readonly known = new Map<Name, TypeDefinition>();
  /** Elements by the head of the substitution group that they belong to. */
  private substitutes: ReadonlyMap<Name, readonly Name[]> | undefined;
  /** Types that an `xs:redefine` changes. */
  private readonly redefined = new Set<Name>();
  /** Generated names of anonymous types. Each type has one name, so that reading a type that contains itself terminates. */
  private readonly inner = new Map<XmlElement, Name>();
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
    const global = this.globalType(name);
    if (!global) return undefined;
    const definition = this.read(global.element, global.schema, new Set([name]));
    this.known.set(name, definition);
    return definition;
  }

  named(local: string): readonly Name[] {
    return [...this.types.keys()].filter((name) => localOf(name) === local);
  }

  derivedFrom(base: Name): readonly Name[] {
    const found: Name[] = [];
    const bases = new Set([base]);
    // each pass finds the types that are one derivation further away; a type is added once
    for (let before = -1; before < found.length;) {
      before = found.length;
      for (const [name, { element }] of this.types) {
        const content = element.children.find(
          (child) => child.name === xs('complexContent') || child.name === xs('simpleContent'),
        );
        const derived = content?.children.find((child) => child.attributes.has('base'));
        if (!derived || bases.has(name) || !bases.has(resolveName(derived.attributes.get('base') ?? '', derived.namespaces)))
          continue;
        bases.add(name);
        found.push(name);
      }
    }
    return found;
  }

  /** Returns the fields of the global element that wraps the parameters of an operation, or undefined when the element does not exist. */
  fieldsOf(element: Name): readonly Field[] | undefined {
    return this.wrapper(element)?.fields;
  }

  /** Returns the rules of the content model of that element. */
  rulesOf(element: Name): readonly Rule[] {
    return this.wrapper(element)?.rules ?? [];
  }

  private wrapper(element: Name): ObjectType | undefined {
    const global = this.elements.get(element);
    if (!global) return undefined;
    const definition = this.get(this.typeOf(global.element, global.schema));
    if (definition?.kind !== 'object' || definition.fields.some(({ key }) => key === CONTENT_KEY))
      throw new SchemaProblem(`the element ${element} holds no parameters of its own`);
    return definition;
  }

  private collect(schema: XmlElement): void {
    const namespace = schema.attributes.get('targetNamespace') ?? '';
    for (const element of schema.children) {
      if (element.name === xs('redefine'))
        for (const { attributes } of element.children) this.redefined.add(nameIn(namespace, attributes.get('name') ?? ''));
      const name = element.attributes.get('name');
      if (name === undefined) continue;
      const global = { schema, element };
      if (element.name === xs('element')) this.elements.set(nameIn(namespace, name), global);
      else if (element.name === xs('attribute')) this.attributes.set(nameIn(namespace, name), global);
      else if (element.name === xs('complexType') || element.name === xs('simpleType'))
        this.types.set(nameIn(namespace, name), global);
    }
  }

  private globalType(name: Name): Global | undefined {
    if (this.redefined.has(name)) throw new SchemaProblem(`the type ${name} is changed by xs:redefine, which is not supported`);
    return this.types.get(name);
  }

  /** @param above the types that are being read, to detect a type that extends itself. */
  private read(type: XmlElement, schema: XmlElement, above: ReadonlySet<Name>): TypeDefinition {
    return type.name === xs('simpleType') ? this.readSimple(type, schema, above) : this.readComplex(type, schema, above);
  }

  private readSimple(type: XmlElement, schema: XmlElement, above: ReadonlySet<Name>): TypeDefinition {
    const restriction = type.children.find(({ name }) => name === xs('restriction'));
    if (!restriction) return { kind: 'simple', base: xs('string') }; // a list or a union is handled as a string
    const written = restriction.attributes.get('base');
    const inner = restriction.children.find(({ name }) => name === xs('simpleType'));
    const nothing = inner ? this.define(inner, schema) : xs('string');
    const base = written === undefined ? nothing : resolveName(written, restriction.namespaces);
    this.refuseCircle(base, above);
    return { kind: 'simple', base, ...enumeration(restriction) };
  }

  /** Follows the bases of a simple type to the end and throws when one of them repeats. */
  private refuseCircle(base: Name, above: ReadonlySet<Name>): void {
    if (above.has(base)) throw new SchemaProblem(`the type ${base} extends itself`);
    const global = this.globalType(base);
    if (global?.element.name === xs('simpleType')) this.readSimple(global.element, global.schema, new Set([...above, base]));
  }

  private readComplex(type: XmlElement, schema: XmlElement, above: ReadonlySet<Name>): TypeDefinition {
    const content = type.children.find(({ name }) => name === xs('complexContent') || name === xs('simpleContent'));
    const derived = content?.children.find(({ name }) => name === xs('extension') || name === xs('restriction'));
    const abstract = isTrue(type.attributes.get('abstract'));
    const own = { ...this.readOwn(derived ?? type, schema), abstract };
    if (!derived || !content) return own;
    const base = resolveName(derived.attributes.get('base') ?? '', derived.namespaces);
    if (above.has(base)) throw new SchemaProblem(`the type ${base} extends itself`);
    const restricts = derived.name === xs('restriction');
    return content.name === xs('simpleContent')
      ? this.readSimpleContent(own, derived, schema, base, restricts, above)
      : this.readComplexContent(own, derived, base, restricts, above);
  }

  /** Reads a text with attributes. The type of the text is the base, or is inherited from the base. */
  private readSimpleContent(
    own: ObjectType,
    derived: XmlElement,
    schema: XmlElement,
    base: Name,
    restricts: boolean,
    above: ReadonlySet<Name>,
  ): ObjectType {
    const inherited = this.baseOf(base, above);
    if (inherited?.kind === 'object' && !inherited.fields.some(({ key }) => key === CONTENT_KEY))
      throw new SchemaProblem(`the type ${base} has no text that another type could extend or restrict`);
    const fields =
      inherited?.kind === 'object' ? inherited.fields : [{ ...FIELD, key: CONTENT_KEY, name: CONTENT_KEY, type: base }];
    const content = fields.map((field) =>
      restricts && field.key === CONTENT_KEY ? { ...field, type: this.restricted(field.type, derived, schema) } : field,
    );
    return { ...own, fields: withOwnAttributes(content, own.fields, prohibitedIn(derived)), rules: [] };
  }

  /** Returns the type of a text after a restriction, which contains a type or lists the allowed values. */
  private restricted(type: Name, restriction: XmlElement, schema: XmlElement): Name {
    const inner = restriction.children.find(({ name }) => name === xs('simpleType'));
    const base = inner ? this.define(inner, schema) : type;
    const values = enumeration(restriction);
    if (values === undefined) return base;
    const name = this.newName();
    this.known.set(name, { kind: 'simple', base, ...values });
    return name;
  }

  private readComplexContent(
    own: ObjectType,
    derived: XmlElement,
    base: Name,
    restricts: boolean,
    above: ReadonlySet<Name>,
  ): ObjectType {
    if (base === xs('anyType')) return own;
    const inherited = this.baseOf(base, above);
    if (inherited?.kind !== 'object') throw new SchemaProblem(`the type ${base}, which another one extends, is not described`);
    if (restricts) {
      // a restriction repeats the remaining elements of the base, but only the changed attributes
      const attributes = inherited.fields.filter(({ attribute }) => attribute);
      const elements = own.fields.filter(({ attribute }) => !attribute);
      return { ...own, fields: withOwnAttributes([...elements, ...attributes], own.fields, prohibitedIn(derived)) };
    }
    return {
      ...own,
      fields: unambiguous([...inherited.fields, ...own.fields]),
      rules: [...inherited.rules, ...own.rules],
    };
  }

  private baseOf(base: Name, above: ReadonlySet<Name>): TypeDefinition | undefined {
    const global = this.globalType(base);
    if (global) return this.read(global.element, global.schema, new Set([...above, base]));
    if (namespaceOf(base) !== XS) throw new SchemaProblem(`the type ${base}, which another one extends, is not described`);
    return undefined;
  }

  private readOwn(parent: XmlElement, schema: XmlElement): Omit<ObjectType, 'abstract'> {
    const attributes: Field[] = [];
    for (const child of parent.children) {
      if (child.name === xs('attribute') && child.attributes.get('use') !== 'prohibited')
        attributes.push(this.readAttribute(child, schema));
      else if (child.name === xs('attributeGroup'))
        throw new SchemaProblem('it uses groups of attributes, which 1C does not write');
      else if (child.name === xs('group')) throw new SchemaProblem('it uses groups of elements, which 1C does not write');
    }
    const particles = parent.children.flatMap((child) => this.particle(child, schema) ?? []);
    const model = readParticles(particles);
    return {
      kind: 'object',
      fields: unambiguous([...model.fields, ...attributes]),
      rules: model.rules,
    };
  }

  private particle(element: XmlElement, schema: XmlElement): Particle | undefined {
    const occurs = { minOccurs: minOf(element), maxOccurs: maxOf(element) };
    if (occurs.maxOccurs === 0) return undefined;
    switch (element.name) {
      case xs('element'):
        return this.elementParticle(element, schema, occurs);
      case xs('any'):
        return { kind: 'any', ...occurs };
      case xs('sequence'):
      case xs('all'):
      case xs('choice'): {
        const particles = element.children.flatMap((child) => this.particle(child, schema) ?? []);
        return { kind: element.name === xs('choice') ? 'choice' : 'sequence', ...occurs, particles };
      }
      case xs('group'):
        throw new SchemaProblem('it uses groups of elements, which 1C does not write');
      default:
        return undefined;
    }
  }

  /** Reads an element. A reference to the head of a substitution group becomes a choice of its members (XML Schema 1.0, 3.3.6). */
  private elementParticle(
    element: XmlElement,
    schema: XmlElement,
    occurs: { readonly minOccurs: number; readonly maxOccurs: number },
  ): Particle {
    const field = this.readElement(element, schema);
    const members = element.attributes.has('ref') ? this.membersOf(field.name) : [];
    if (members.length <= 1) return { kind: 'element', ...occurs, field };
    const fields = members.map((name) => this.readGlobalElement(name)).filter(({ abstract }) => !abstract);
    const particles = fields.map((one): Particle => ({ kind: 'element', minOccurs: 1, maxOccurs: 1, field: one }));
    return { kind: 'choice', ...occurs, particles };
  }

  /** Returns the head of a substitution group and its direct and indirect members. */
  private membersOf(head: Name): readonly Name[] {
    this.substitutes ??= this.readSubstitutes();
    const found = new Set([head]);
    for (const name of found) for (const member of this.substitutes.get(name) ?? []) found.add(member);
    return [...found];
  }

  private readSubstitutes(): ReadonlyMap<Name, readonly Name[]> {
    const members = new Map<Name, Name[]>();
    for (const [name, { element }] of this.elements) {
      const head = headOf(element);
      if (head !== undefined) members.set(head, [...(members.get(head) ?? []), name]);
    }
    return members;
  }

  private readGlobalElement(name: Name): Field {
    const global = this.elements.get(name);
    if (!global) throw new SchemaProblem(`the element ${name} is not described`);
    return {
      ...FIELD,
      key: global.element.attributes.get('name') ?? '',
      name,
      type: this.typeOfGlobal(global),
      nillable: isTrue(global.element.attributes.get('nillable')),
      abstract: isTrue(global.element.attributes.get('abstract')),
    };
  }

  /** Returns the type of a global element. A member of a substitution group without a type inherits the type of its head. */
  private typeOfGlobal({ element, schema }: Global): Name {
    const type = this.typeOf(element, schema);
    const seen = new Set([element]);
    for (let head = headOf(element); head !== undefined && type === xs('anyType');) {
      const global = this.elements.get(head);
      if (!global || seen.has(global.element)) break;
      seen.add(global.element);
      const inherited = this.typeOf(global.element, global.schema);
      if (inherited !== xs('anyType')) return inherited;
      head = headOf(global.element);
    }
    return type;
  }

  private readElement(element: XmlElement, schema: XmlElement): Field {
    const ref = element.attributes.get('ref');
    if (ref !== undefined) return this.readGlobalElement(resolveName(ref, element.namespaces));
    const key = element.attributes.get('name') ?? '';
    const qualified = (element.attributes.get('form') ?? schema.attributes.get('elementFormDefault')) === 'qualified';
    const name = nameIn(qualified ? (schema.attributes.get('targetNamespace') ?? '') : '', key);
    return { ...FIELD, key, name, type: this.typeOf(element, schema), nillable: isTrue(element.attributes.get('nillable')) };
  }

  private readAttribute(attribute: XmlElement, schema: XmlElement): Field {
    const optional = attribute.attributes.get('use') !== 'required';
    const ref = attribute.attributes.get('ref');
    if (ref !== undefined) {
      const name = resolveName(ref, attribute.namespaces);
      return { ...FIELD, key: localOf(name), name, type: this.typeOfAttribute(name), optional, attribute: true };
    }
    const key = attribute.attributes.get('name') ?? '';
    const qualified = (attribute.attributes.get('form') ?? schema.attributes.get('attributeFormDefault')) === 'qualified';
    const name = qualified ? nameIn(schema.attributes.get('targetNamespace') ?? '', key) : key;
    return { ...FIELD, key, name, type: this.simpleTypeOf(attribute, schema), optional, attribute: true };
  }

  private typeOfAttribute(name: Name): Name {
    const global = this.attributes.get(name);
    if (global) return this.simpleTypeOf(global.element, global.schema);
    // xml:lang and similar attributes are part of XML and need no schema
    if (namespaceOf(name) === XML_NAMESPACE) return xs('string');
    throw new SchemaProblem(`the attribute ${name} is not described`);
  }

  private simpleTypeOf(attribute: XmlElement, schema: XmlElement): Name {
    const type = this.typeOf(attribute, schema);
    return type === xs('anyType') ? xs('string') : type;
  }

  /** Returns the name of the type of an element; an anonymous type gets a generated name. */
  private typeOf(element: XmlElement, schema: XmlElement): Name {
    const type = element.attributes.get('type');
    if (type !== undefined) return resolveName(type, element.namespaces);
    const inner = element.children.find(({ name }) => name === xs('complexType') || name === xs('simpleType'));
    return inner ? this.define(inner, schema) : xs('anyType');
  }

  private define(type: XmlElement, schema: XmlElement): Name {
    const known = this.inner.get(type);
    if (known !== undefined) return known;
    const name = this.newName();
    this.inner.set(type, name);
    this.types.set(name, { schema, element: type });
    return name;
  }

  private newName(): Name {
    return nameIn('', `#${++this.anonymous}`);
  }
}

/** Returns the head of the substitution group that a global element belongs to. */
function headOf({ attributes, namespaces }: XmlElement): Name | undefined {
  const written = attributes.get('substitutionGroup');
  return written === undefined ? undefined : resolveName(written, namespaces);
}

const FIELD = {
  optional: false,
  many: false,
  minOccurs: 1,
  maxOccurs: 1,
  nillable: false,
  attribute: false,
  abstract: false,
} as const;

/** Replaces inherited attributes by the derived type's own attributes of the same name, and removes the prohibited ones. */
function withOwnAttributes(
  inherited: readonly Field[],
  own: readonly Field[],
  prohibited: ReadonlySet<string>,
): readonly Field[] {
  const attributes = own.filter(({ attribute }) => attribute);
  const replaced = new Set(attributes.map(({ name }) => name));
  const kept = inherited.filter(({ name, attribute }) => !attribute || !(replaced.has(name) || prohibited.has(localOf(name))));
  return unambiguous([...kept, ...attributes]);
}

function prohibitedIn(derived: XmlElement): ReadonlySet<string> {
  const names = derived.children
    .filter(({ name, attributes }) => name === xs('attribute') && attributes.get('use') === 'prohibited')
    .map(({ attributes }) => attributes.get('name') ?? attributes.get('ref')?.replace(/^.*:/, '') ?? '');
  return new Set(names);
}

/** Renames an attribute with the name of an element to `@name`. Throws for two elements with the same name. */
function unambiguous(fields: readonly Field[]): readonly Field[] {
  const elements = fields.filter(({ attribute }) => !attribute).map(({ key }) => key);
  const twice = elements.find((key, index) => elements.indexOf(key) !== index);
  if (twice !== undefined) throw new SchemaProblem(`the element ${twice} stands twice in one type, which is not supported`);
  const taken = new Set(elements);
  return fields.map((field) => (field.attribute && taken.has(field.key) ? { ...field, key: `@${field.key}` } : field));
}

function enumeration(restriction: XmlElement): { readonly values: readonly string[] } | undefined {
  const values = restriction.children
    .filter(({ name }) => name === xs('enumeration'))
    .map(({ attributes }) => attributes.get('value') ?? '');
  return values.length > 0 ? { values } : undefined;
}

const isTrue = (written: string | undefined) => written === 'true' || written === '1';
const minOf = ({ attributes }: XmlElement) => Number(attributes.get('minOccurs') ?? 1);
const maxOf = ({ attributes }: XmlElement) => {
  const written = attributes.get('maxOccurs') ?? '1';
  return written === 'unbounded' ? Infinity : Number(written);
};
