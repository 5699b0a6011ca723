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
  readonly nillable: boolean;
  readonly attribute: boolean;
}

export type TypeDefinition =
  /** A text in the form of another type, down to one of XML Schema. */
  | { readonly kind: 'simple'; readonly base: Name; readonly values?: readonly string[] }
  | {
      readonly kind: 'object';
      /** In the order in which they are written, inherited ones first. */
      readonly fields: readonly Field[];
      /** Other elements are let through as well. */
      readonly open: boolean;
    };

/** What the schemas of a service define. */
export interface Types {
  /** Undefined for those of XML Schema itself, and for those that nobody defines. */
  get(name: Name): TypeDefinition | undefined;
  /** Namespace in which a type without one is looked for. */
  readonly namespace: string;
}
