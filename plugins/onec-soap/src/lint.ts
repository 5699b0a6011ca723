import { isSluiceError, type Log, type Objection, type SluiceError, type WrittenStep } from '@sluice/plugin-api';
import { WsdlSoapClient } from './client.js';
import type { Config } from './config.js';
import { problemsOf } from './soap/message.js';
import type { Operation, Service } from './wsdl/service.js';

/** A person waits for the lint. */
const LONGEST_WAIT_MS = 5_000;
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Compares a step with the WSDL of its service, from 1C or else from the disk: the names of the service, of the operation and of its
 * arguments, and the values as far as they are known. Says nothing where there is no WSDL.
 */
export async function lint({ input }: WrittenStep, config: Config, signal: AbortSignal): Promise<readonly Objection[]> {
  const written = input as Readonly<Record<string, unknown>>;
  const { service, operation } = written;
  if (typeof service !== 'string' || typeof operation !== 'string') return [];
  const timeout = Math.min(config.timeout, LONGEST_WAIT_MS);
  const client = new WsdlSoapClient({ ...config, timeout }, { log: silent, now: () => new Date() });
  const close = () => void client.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    return objectionsTo(written, await client.describe(service, operation));
  } catch (error) {
    return isSluiceError(error) && error.code === 'NOT_FOUND' ? [unknownName(error)] : []; // else 1C cannot be asked
  } finally {
    signal.removeEventListener('abort', close);
    await client.close();
  }
}

function objectionsTo(
  written: Readonly<Record<string, unknown>>,
  { service, operation }: { readonly service: Service; readonly operation: Operation },
): Objection[] {
  const { arguments: given, json, idArgument } = written;
  if ('arguments' in written && given === undefined) return []; // an expression gives all of them
  const values = { ...(given as Readonly<Record<string, unknown>> | undefined) };
  if (typeof idArgument === 'string') values[idArgument] = undefined;
  const problems = problemsOf(service, operation, { arguments: values, json: json === true });
  return problems.map((problem) => ({ ...problem, path: ['arguments', ...problem.path] }));
}

/** 1C has no such service, or the service no such operation, for which the nearest one is told. */
function unknownName({ message, options }: SluiceError): Objection {
  const details = options.details as { readonly meant?: string } | undefined;
  const { meant } = details ?? {};
  return { path: [details === undefined ? 'service' : 'operation'], message, ...(meant !== undefined && { write: meant }) };
}
