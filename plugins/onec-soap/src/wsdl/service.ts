import type { Field, Rule, Types } from '../schema/types.js';
import type { Name } from '../xml/names.js';

export type SoapVersion = '1.1' | '1.2';

/** A service as its WSDL describes it. */
export interface Service {
  readonly name: string;
  readonly operations: ReadonlyMap<string, Operation>;
  /** Reasons why operations cannot be called, by the name of the operation. */
  readonly unusable: ReadonlyMap<string, string>;
  readonly types: Types;
}

export interface Operation {
  readonly name: string;
  /** `SOAPAction`; may be empty. */
  readonly action: string;
  /** The element that wraps the parameters. */
  readonly request: Name;
  /** Input parameters, in their order. */
  readonly parameters: readonly Field[];
  readonly parameterRules: readonly Rule[];
  /** The element that wraps the results; absent for a one-way operation. */
  readonly response?: Name;
  /** `return` and the output parameters. */
  readonly results: readonly Field[];
  readonly resultRules: readonly Rule[];
}
