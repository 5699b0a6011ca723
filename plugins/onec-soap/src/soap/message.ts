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

/** What is asked of an operation. */
export interface Question {
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Texts of the service are JSON. */
  readonly json: boolean;
}

const RETURN = 'return';

/** The message of a call; instead of it, all that does not fit the description. Throws `ONEC_WSDL_UNSUPPORTED` for a type it cannot write. */
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

/** All that does not fit the description. An argument that is `undefined` is not known yet, and fits. */
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
 * What a flow gets: the value that is returned, or, where parameters come back as well, a map of `return` and of these; null where the
 * operation gives nothing. Throws for a JSON text that tells an error, as services that never raise one do, and `BAD_ANSWER` for what cannot be
 * read: the call was carried out.
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

/** Types are read when they are first needed, so what is wrong with them comes up in the middle of a message. */
function orElse<Result>(act: () => Result, failure: (cause: Error) => Error): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof XmlProblem || error instanceof SchemaProblem) throw failure(error);
    throw error;
  }
}
