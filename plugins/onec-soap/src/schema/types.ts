import type { Name } from '../xml/names.js';

/** One property of an object, or one parameter: an element or an attribute. */
export interface Field {
  /** Name of the field in a flow. */
  readonly key: string;
  /** Name in a message; without a namespace where the schema says unqualified. */
  readonly name: Name;
  readonly type: Name;
  /** Whether the field may be absent. */
  readonly optional: boolean;
  /** Whether the element may repeat. Its value in a flow is a list then. */
  readonly many: boolean;
  /** Minimum and maximum number of items in a list. */
  readonly minOccurs: number;
  readonly maxOccurs: number;
  readonly nillable: boolean;
  readonly attribute: boolean;
  /** Whether the element is only the head of a substitution group and cannot be written. */
  readonly abstract: boolean;
}

/** Fields that belong together: if one of them is present, all required ones must be present. */
export interface Group {
  readonly keys: readonly string[];
  readonly required: readonly string[];
}

/** A constraint of a content model on several fields. */
export type Rule =
  /** Only the fields of one group may be present; `optional`: all groups may be absent. */
  | { readonly kind: 'choice'; readonly groups: readonly Group[]; readonly optional: boolean }
  | { readonly kind: 'together'; readonly group: Group }
  /** The fields repeat together: the first item of each field, then the second item of each field. */
  | { readonly kind: 'repeat'; readonly keys: readonly string[] }
  /** The content may have elements that the schema does not describe (`xs:any`); `required`: at least one. */
  | { readonly kind: 'any'; readonly required: boolean };

export interface ObjectType {
  readonly kind: 'object';
  /** Fields in the order in which they are written, inherited ones first. */
  readonly fields: readonly Field[];
  readonly rules: readonly Rule[];
  /** Whether only types that extend this one can have values. */
  readonly abstract: boolean;
}

export type TypeDefinition =
  /** A text in the form of its base, which is a simple type or a type of XML Schema. */
  { readonly kind: 'simple'; readonly base: Name; readonly values?: readonly string[] } | ObjectType;

/** The types that the schemas of a service define. */
export interface Types {
  /** Returns the definition, or undefined for a type of XML Schema and for an unknown type. */
  get(name: Name): TypeDefinition | undefined;
  /** Returns the types with this local name in all namespaces. */
  named(local: string): readonly Name[];
  /** Returns the types that extend this one directly or indirectly. */
  derivedFrom(base: Name): readonly Name[];
  /** Namespace of a type name that has none. */
  readonly namespace: string;
}
