import type { Field, Rule, Types } from '../schema/types.js';
import type { Name } from '../xml/names.js';

export type SoapVersion = '1.1' | '1.2';

/** What can be asked of a service, as its description (WSDL) says. */
export interface Service {
  readonly name: string;
  readonly operations: ReadonlyMap<string, Operation>;
  /** Operations that cannot be called, by name, each with the reason. */
  readonly unusable: ReadonlyMap<string, string>;
  readonly types: Types;
}

export interface Operation {
  readonly name: string;
  /** `SOAPAction`; may be empty. */
  readonly action: string;
  /** The element that wraps the parameters. */
  readonly request: Name;
  /** Parameters that go in, in their order. */
  readonly parameters: readonly Field[];
  readonly parameterRules: readonly Rule[];
  /** The element that wraps the results; absent: nobody answers. */
  readonly response?: Name;
  /** `return`, and the parameters that come back. */
  readonly results: readonly Field[];
  readonly resultRules: readonly Rule[];
}
