import { exception, json, parseJson, type Answer } from './wire.js';
import { OnecException, perform, type Base } from './methods.js';

/** One request to a service, as far as the service sees it. */
export interface ServiceCall {
  readonly httpMethod: string | undefined;
  readonly service: string;
  /** Below the service; empty or begins with `/`. */
  readonly path: string;
  readonly url: URL;
  readonly body: string;
  /** As it came; empty when there is none. */
  readonly contentType: string;
}

/** What the HTTP service answers: `gate` by its methods, any other by telling what it got. */
export function answerOf(base: Base, { httpMethod, service, path, url, body }: ServiceCall): Answer {
  if (service !== 'gate')
    return json(200, JSON.stringify({ Сервис: service, Метод: httpMethod, Путь: path + url.search, Принято: body.length }));
  if (path !== '/v1') return { status: 404, body: '' };
  if (httpMethod !== 'GET' && httpMethod !== 'POST') return { status: 405, body: '', headers: { allow: 'GET, POST' } };
  const asked = httpMethod === 'GET' ? askedByQuery(url) : askedByBody(body);
  if (!asked) return exception('Тело запроса не является JSON');
  try {
    return json(200, JSON.stringify(perform(base, asked.method, asked.data) ?? null));
  } catch (error) {
    if (error instanceof OnecException) return exception(error.message);
    throw error;
  }
}

interface Asked {
  readonly method: string;
  readonly data: unknown;
}

function askedByQuery({ searchParams }: URL): Asked {
  return { method: searchParams.get('method') ?? '', data: parseJson(searchParams.get('data') ?? '{}') ?? {} };
}

function askedByBody(body: string): Asked | undefined {
  const parsed = parseJson(body);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { method, data } = parsed as { method?: unknown; data?: unknown };
  return { method: typeof method === 'string' ? method : '', data };
}
