import { fail } from '@sluice/plugin-api';
import { failureOfText, refusalIn, type Where } from '@sluice/onec';
import { soap } from '../failures.js';
import { SchemaProblem } from '../schema/read-schema.js';
import { ValueReader } from '../values/read-value.js';
import { ValueWriter, type Problem } from '../values/write-value.js';
import type { Operation, Service, SoapVersion } from '../wsdl/service.js';
import { XmlProblem, type XmlElement } from '../xml/read-xml.js';
import { Prefixes } from '../xml/write-xml.js';
import { writeEnvelope } from './envelope.js';
import { fromJsonTexts, toJsonTexts } from './json-texts.js';

/** The arguments of a call and how to write them. */
export interface Question {
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Whether strings of the service contain JSON. */
  readonly json: boolean;
}

const RETURN = 'return';

/**
 * Returns the message of a call, or the arguments that do not match the WSDL.
 *
 * @throws `ONEC_WSDL_UNSUPPORTED` for a type that the connector cannot write.
 */
export function writeRequest(
  service: Service,
  operation: Operation,
  question: Question,
  version: SoapVersion,
  timezone: string | undefined,
  { where }: Where,
): { readonly text: string } | { readonly problems: readonly Problem[] } {
  const prefixes = new Prefixes();
  const writer = new ValueWriter(service.types, prefixes, timezone);
  const { attributes, content } = orElse(
    () => writeParameters(writer, service, operation, question),
    (cause) => soap.ONEC_WSDL_UNSUPPORTED(`${where}: the WSDL cannot be used: ${cause.message}`, { sent: 'no', cause }),
  );
  if (writer.problems.length > 0) return { problems: writer.problems };
  const tag = prefixes.write(operation.request);
  return { text: writeEnvelope(version, prefixes.declarations(), `<${tag}${attributes}>${content}</${tag}>`) };
}

/** Returns the arguments that do not match the WSDL. An `undefined` argument is not known yet and always matches. */
export function problemsOf(service: Service, operation: Operation, question: Question): readonly Problem[] {
  const writer = new ValueWriter(service.types, new Prefixes(), undefined);
  writeParameters(writer, service, operation, question);
  return writer.problems;
}

function writeParameters(
  writer: ValueWriter,
  { types }: Service,
  { name, parameters, parameterRules }: Operation,
  question: Question,
) {
  const values = question.json ? toJsonTexts(question.arguments, parameters, types) : question.arguments;
  return writer.fields(parameters, values, [], name, parameterRules);
}

/**
 * Returns the output of the step: the returned value; a map of `return` and the output parameters where the operation has such parameters;
 * null where the operation returns nothing.
 *
 * @throws the error in a JSON result of a service that reports errors there; `BAD_ANSWER` when the answer cannot be read, with
 *   `sent: 'yes'` because 1C has carried out the call.
 */
export function readResults(
  { types }: Service,
  { results, resultRules }: Operation,
  response: XmlElement | undefined,
  { json }: Question,
  { where, patterns }: Where,
): unknown {
  if (!response) return null;
  const read = orElse(
    () => new ValueReader(types).fields(results, response, resultRules),
    (cause) => fail.BAD_ANSWER(`${where}: the answer cannot be read: ${cause.message}`, { sent: 'yes', cause }),
  );
  const values = json ? fromJsonTexts(read) : read;
  const refusal = json ? refusalIn(values[RETURN]) : undefined;
  if (refusal !== undefined) throw failureOfText(refusal, patterns);
  const keys = Object.keys(values);
  if (keys.length === 0 && results.every(({ key }) => key === RETURN)) return null;
  return results.length <= 1 && keys.length === 1 && keys[0] === RETURN ? values[RETURN] : values;
}

/** Converts errors of the schema and of XML. Types are read when they are first used, so writing or reading a message can throw them. */
function orElse<Result>(act: () => Result, failure: (cause: Error) => Error): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof XmlProblem || error instanceof SchemaProblem) throw failure(error);
    throw error;
  }
}
