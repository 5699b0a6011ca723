import { failureOfText, refusalIn, type Where } from '@sluice/onec';
import { ValueReader } from '../values/read-value.js';
import { ValueWriter, type Problem } from '../values/write-value.js';
import type { Operation, Service, SoapVersion } from '../wsdl/service.js';
import type { XmlElement } from '../xml/read-xml.js';
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

/** The message of a call; instead of it, all that does not fit the description. */
export function writeRequest(
  service: Service,
  operation: Operation,
  question: Question,
  version: SoapVersion,
  timezone: string | undefined,
): { readonly text: string } | { readonly problems: readonly Problem[] } {
  const prefixes = new Prefixes();
  const writer = new ValueWriter(service.types, prefixes, timezone);
  const { attributes, content } = writeParameters(writer, service, operation, question);
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

function writeParameters(writer: ValueWriter, { types }: Service, { name, parameters }: Operation, question: Question) {
  const values = question.json ? toJsonTexts(question.arguments, parameters, types) : question.arguments;
  return writer.fields(parameters, values, [], name);
}

/**
 * What a flow gets: the value that is returned, or, where parameters come back as well, a map of `return` and of these; null where the
 * operation gives nothing. Throws for a JSON text that tells an error, as services that never raise one do.
 */
export function readResults(
  { types }: Service,
  { results }: Operation,
  response: XmlElement | undefined,
  { json }: Question,
  { patterns }: Where,
): unknown {
  if (!response) return null;
  const read = new ValueReader(types).fields(results, response);
  const values = json ? fromJsonTexts(read) : read;
  const refusal = json ? refusalIn(values[RETURN]) : undefined;
  if (refusal !== undefined) throw failureOfText(refusal, patterns);
  const keys = Object.keys(values);
  if (keys.length === 0 && results.every(({ key }) => key === RETURN)) return null;
  return results.length <= 1 && keys.length === 1 && keys[0] === RETURN ? values[RETURN] : values;
}
