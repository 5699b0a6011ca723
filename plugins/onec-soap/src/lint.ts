import { isSluiceError, type Log, type Objection, type SluiceError, type WrittenStep, systemClock } from '@sluice/plugin-api';
import { WsdlSoapClient } from './client.js';
import type { Config } from './config.js';
import { SchemaProblem } from './schema/read-schema.js';
import { problemsOf } from './soap/message.js';
import { unresolvedIn } from './values/unresolved.js';
import type { Operation, Service } from './wsdl/service.js';
import { XmlProblem } from './xml/read-xml.js';

/** The user waits for the result of lint, so a slow 1C must not delay it. */
const MAX_WAIT_MS = 5_000;
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Codes that mean that 1C cannot be reached and no copy of the WSDL exists. Lint ignores them: flows can be written without 1C. */
const AWAY: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMED_OUT', 'ONEC_CUT_OFF', 'OVERLOADED']);

/**
 * Compares a step with the WSDL of its service, from 1C or else from the disk: the names of the service, of the operation and
 * of the arguments, and the values that are known before a run. When the WSDL cannot be read, the objection contains the reason, unless 1C
 * cannot be reached and no copy of the WSDL exists.
 */
export async function lint({ input, folder }: WrittenStep, config: Config, signal: AbortSignal): Promise<readonly Objection[]> {
  const written = input as Readonly<Record<string, unknown>>;
  const { service, operation } = written;
  if (typeof service !== 'string' || typeof operation !== 'string') return [];
  const timeout = Math.min(config.timeout, MAX_WAIT_MS);
  const client = new WsdlSoapClient(
    { ...config, timeout },
    { log: silent, now: () => new Date(systemClock.now()), ...(folder !== undefined && { folder }) },
  );
  const close = () => void client.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    return objectionsTo(written, await client.describe(service, operation));
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    if (error.code === 'NOT_FOUND') return [unknownName(error)];
    if (AWAY.has(error.code) || signal.aborted) return [];
    const path = error.code === 'ONEC_WSDL_UNSUPPORTED' ? ['operation'] : ['service'];
    return [{ path, message: `the step cannot be checked: ${error.message}` }];
  } finally {
    signal.removeEventListener('abort', close);
    await client.close();
  }
}

function objectionsTo(
  written: Readonly<Record<string, unknown>>,
  { service, operation }: { readonly service: Service; readonly operation: Operation },
): Objection[] {
  const unresolved = unresolvedIn(service.types, [...operation.parameters, ...operation.results]).map((problem) => ({
    path: ['operation'],
    message: `a part of the operation cannot be used: ${problem}`,
  }));
  const { arguments: given, json, idArgument } = written;
  if ('arguments' in written && given === undefined) return unresolved; // one expression computes all arguments
  const values = { ...(given as Readonly<Record<string, unknown>> | undefined) };
  if (typeof idArgument === 'string') values[idArgument] = undefined;
  return [...unresolved, ...misfits(service, operation, values, json === true)];
}

function misfits(service: Service, operation: Operation, values: Readonly<Record<string, unknown>>, json: boolean): Objection[] {
  try {
    const problems = problemsOf(service, operation, { arguments: values, json });
    return problems.map((problem) => ({ ...problem, path: ['arguments', ...problem.path] }));
  } catch (error) {
    if (error instanceof SchemaProblem || error instanceof XmlProblem) return []; // unresolvedIn() has already reported it
    throw error;
  }
}

/** Returns the objection to an unknown service, or to an unknown operation with the most similar name. */
function unknownName({ message, options }: SluiceError): Objection {
  const details = options.details as { readonly meant?: string } | undefined;
  const { meant } = details ?? {};
  return { path: [details === undefined ? 'service' : 'operation'], message, ...(meant !== undefined && { write: meant }) };
}
