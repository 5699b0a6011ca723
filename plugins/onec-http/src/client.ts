import { isSluiceError, type Closable, type Host } from '@sluice/plugin-api';
import { OnecLink, type Where } from '@sluice/onec';
import type { WebRequest } from '@sluice/web-client';
import { readAnswer } from './answer.js';
import type { Config } from './config.js';

/** One request under the base URL. */
export interface OnecRequest extends WebRequest {
  /** Name of the request in messages. */
  readonly name: string;
}

/** The calls of this plugin to one HTTP service of 1C. */
export interface OnecClient extends Closable {
  readonly style: Config['style'];
  /** Resolves with the answer or rejects with a SluiceError. Repeats a request only when 1C has ended the session, in a new session. */
  send(request: OnecRequest, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown>;
  /** Rejects when the service cannot be used. */
  check(): Promise<void>;
}

const ACCEPT = 'application/json, */*;q=0.8';
/** The request of `check`. An answer that the method is unknown is also a proof that the service can be reached. */
const PING: OnecRequest = {
  name: 'Ping',
  method: 'GET',
  path: '/v1',
  query: { method: 'Ping' },
  headers: { accept: ACCEPT },
};

export class HttpOnecClient implements OnecClient {
  readonly style: Config['style'];
  private readonly link: OnecLink;

  constructor(
    private readonly config: Config,
    host: Host,
  ) {
    this.style = config.style;
    this.link = new OnecLink(config, host, () => PING);
  }

  send(request: OnecRequest, { id, signal }: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown> {
    const from = this.whereOf(request.name);
    const written = { ...request, headers: { accept: ACCEPT, ...request.headers } };
    return this.link.call({ request: written, where: from.where, id, signal, read: (answer) => readAnswer(answer, from) });
  }

  async check(): Promise<void> {
    const from = this.whereOf(PING.name);
    const answer = await this.link.probe(PING, from.where);
    if (answer.status === 405) return; // the service exists and does not accept GET
    try {
      readAnswer(answer, from);
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'ONEC_BUSINESS') throw error; // a service without a method Ping is usable
    }
  }

  close(): Promise<void> {
    return this.link.close();
  }

  private whereOf(name: string): Where {
    const { baseUrl, errors } = this.config;
    return { where: `${name} at ${baseUrl}`, baseUrl, kind: 'HTTP service', patterns: errors };
  }
}
