import { exception, json, parseJson, type Answer } from './wire.js';
import { OnecException, perform, type Base } from './methods.js';

/** One request to a service. */
export interface ServiceCall {
  readonly httpMethod: string | undefined;
  readonly service: string;
  /** Path below the service: empty, or with a leading `/`. */
  readonly path: string;
  readonly url: URL;
  readonly body: string;
  /** The received content type; empty: none. */
  readonly contentType: string;
}

/** Returns the response of an HTTP service: `gate` calls one of its methods, any other service returns a summary of the request. */
export function answerOf(base: Base, { httpMethod, service, path, url, body }: ServiceCall): Answer {
  if (service !== 'gate')
    return json(200, JSON.stringify({ Сервис: service, Метод: httpMethod, Путь: path + url.search, Принято: body.length }));
  if (path !== '/v1') return { status: 404, body: '' };
  if (httpMethod !== 'GET' && httpMethod !== 'POST') return { status: 405, body: '', headers: { allow: 'GET, POST' } };
  const call = httpMethod === 'GET' ? callInQuery(url) : callInBody(body);
  if (!call) return exception('Тело запроса не является JSON');
  try {
    return json(200, JSON.stringify(perform(base, call.method, call.data) ?? null));
  } catch (error) {
    if (error instanceof OnecException) return exception(error.message);
    throw error;
  }
}

interface MethodCall {
  readonly method: string;
  readonly data: unknown;
}

function callInQuery({ searchParams }: URL): MethodCall {
  return { method: searchParams.get('method') ?? '', data: parseJson(searchParams.get('data') ?? '{}') ?? {} };
}

function callInBody(body: string): MethodCall | undefined {
  const parsed = parseJson(body);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { method, data } = parsed as { method?: unknown; data?: unknown };
  return { method: typeof method === 'string' ? method : '', data };
}
