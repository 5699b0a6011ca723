import type { Name } from '../xml/names.js';

/** One property of an object, or one parameter: an element or an attribute. */
export interface Field {
  /** How a flow calls it. */
  readonly key: string;
  /** How it stands in a message; in no namespace where the schema says unqualified. */
  readonly name: Name;
  readonly type: Name;
  /** May it be left out? */
  readonly optional: boolean;
  /** May it come several times? Then a flow has a list. */
  readonly many: boolean;
  /** Elements that a list has at least and at most. */
  readonly minOccurs: number;
  readonly maxOccurs: number;
  readonly nillable: boolean;
  readonly attribute: boolean;
  /** An element that only stands for others (a substitution group), and cannot be written. */
  readonly abstract: boolean;
}

/** Fields that stand together: where one of them is given, the required ones are given too. */
export interface Group {
  readonly keys: readonly string[];
  readonly required: readonly string[];
}

/** What a content model demands beyond each field by itself. */
export type Rule =
  /** Fields of one of the groups only; `optional`: of none of them is right too. */
  | { readonly kind: 'choice'; readonly groups: readonly Group[]; readonly optional: boolean }
  | { readonly kind: 'together'; readonly group: Group }
  /** The fields repeat as a whole: the first of each, then the second of each. */
  | { readonly kind: 'repeat'; readonly keys: readonly string[] }
  /** Elements that the schema does not describe may stand there (`xs:any`); `required`: at least one. */
  | { readonly kind: 'any'; readonly required: boolean };

export interface ObjectType {
  readonly kind: 'object';
  /** In the order in which they are written, inherited ones first. */
  readonly fields: readonly Field[];
  readonly rules: readonly Rule[];
  /** Only types that extend it have values. */
  readonly abstract: boolean;
}

export type TypeDefinition =
  /** A text in the form of another type, down to one of XML Schema. */
  { readonly kind: 'simple'; readonly base: Name; readonly values?: readonly string[] } | ObjectType;

/** What the schemas of a service define. */
export interface Types {
  /** Undefined for those of XML Schema itself, and for those that nobody defines. */
  get(name: Name): TypeDefinition | undefined;
  /** The types with this local name, in any namespace. */
  named(local: string): readonly Name[];
  /** The types that extend this one, at any distance. */
  derivedFrom(base: Name): readonly Name[];
  /** Namespace in which a type without one is looked for. */
  readonly namespace: string;
}
