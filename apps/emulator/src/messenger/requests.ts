import type { IncomingMessage } from 'node:http';
import { parseJson, readText } from '../onec/wire.js';

/** Parameters of a method, from the query, a form or a JSON body. */
export type Parameters = Readonly<Record<string, unknown>>;

/** An error answer of the Bot API. */
export class BotApiError extends Error {
  /**
   * @param status HTTP status and `error_code`
   * @param retryAfter seconds after which the request may be repeated
   */
  constructor(
    readonly status: number,
    readonly description: string,
    readonly retryAfter?: number,
  ) {
    super(description);
  }
}

export const badRequest = (description: string) => new BotApiError(400, `Bad Request: ${description}`);

/** Reads the parameters of a request: https://core.telegram.org/bots/api#making-requests. Multipart forms are refused. */
export async function parametersOf(request: IncomingMessage, url: URL): Promise<Parameters> {
  const query = Object.fromEntries(url.searchParams);
  const text = await readText(request);
  if (text === '') return query;
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) return { ...query, ...Object.fromEntries(new URLSearchParams(text)) };
  if (!type.startsWith('application/json'))
    throw badRequest(`the stand-in reads JSON and forms, not ${type || 'a body without type'}`);
  const body = parseJson(text);
  if (typeof body !== 'object' || body === null) throw badRequest("can't parse request JSON object");
  return { ...query, ...body };
}

/** Returns a whole number, also from its text. */
export function integer(parameters: Parameters, name: string, fallback: number): number {
  const { [name]: value = fallback } = parameters;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw badRequest(`${name} must be a number`);
  return number;
}

export function text(parameters: Parameters, name: string): string {
  const { [name]: value = '' } = parameters;
  if (typeof value !== 'string') throw badRequest(`${name} must be a text`);
  return value;
}

/** Returns a value that a form contains as JSON, and a JSON body as it is. */
export function structure(parameters: Parameters, name: string): unknown {
  const { [name]: value } = parameters;
  return typeof value === 'string' ? parseJson(value) : value;
}
