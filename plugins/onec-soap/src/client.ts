import path from 'node:path';
import { fail, raceAbort, type Closable, type Host } from '@sluice/plugin-api';
import { failureOfStatus, OnecLink, refusalText, type Where } from '@sluice/onec';
import type { WebAnswer, WebRequest } from '@sluice/web-client';
import type { Config } from './config.js';
import { soap } from './failures.js';
import { headersOf } from './soap/envelope.js';
import { readReply } from './soap/reply.js';
import { readResults, writeRequest, type Question } from './soap/message.js';
import type { Operation, Service } from './wsdl/service.js';
import { WsdlCache } from './wsdl/wsdl-cache.js';
import { WsdlStore } from './wsdl/wsdl-store.js';
import type { XmlElement } from './xml/read-xml.js';

/** A call of one operation. */
export interface SoapCall extends Question {
  readonly service: string;
  readonly operation: string;
}

/** The calls of this plugin to the web services of one 1C base. */
export interface SoapClient extends Closable {
  /** Resolves with the result or rejects with a SluiceError. Repeats a call only when 1C has ended the session, in a new session. */
  call(asked: SoapCall, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown>;
  /** Resolves with the operation as the WSDL describes it. Rejects with `NOT_FOUND`, or with the error of reading the WSDL. */
  describe(service: string, operation: string): Promise<{ readonly service: Service; readonly operation: Operation }>;
  /** Rejects when the services cannot be used. */
  check(): Promise<void>;
}

/** Statuses for an address at which nothing is published. They prove that the server runs and accepts the user. */
const THERE: ReadonlySet<number> = new Set([400, 404, 405]);

/** Folder for the copies of WSDLs when the host provides none. */
const FOLDER = '.sluice';

export class WsdlSoapClient implements SoapClient {
  private readonly link: OnecLink;
  private readonly store: WsdlStore;

  constructor(
    private readonly config: Config,
    private readonly host: Pick<Host, 'log' | 'now' | 'timezone' | 'folder'>,
  ) {
    this.link = new OnecLink(config, host, () => this.descriptionRequest());
    this.store = new WsdlStore({
      link: this.link,
      cache: new WsdlCache(config.wsdl.cache ?? path.join(host.folder ?? FOLDER, 'wsdl')),
      version: config.soap,
      maxAge: config.wsdl.maxAge,
      whereOf: (service) => this.whereOf(service),
      log: host.log,
      now: () => host.now().getTime(),
    });
  }

  describe(service: string, operation: string): Promise<{ readonly service: Service; readonly operation: Operation }> {
    return this.store.operation(service, operation);
  }

  async call(asked: SoapCall, { id, signal }: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown> {
    const where = `${asked.operation} of ${asked.service} at ${this.config.baseUrl}`;
    // concurrent calls share one request for the WSDL, so an abort ends only the wait of its own call
    const described = this.describe(asked.service, asked.operation);
    const { service, operation } = await raceAbort(described, signal, () =>
      fail.TIMED_OUT(`${where}: the call was aborted before the WSDL was read`, { sent: 'no' }),
    );
    const from = { ...this.whereOf(asked.service), where };
    const written = writeRequest(service, operation, asked, this.config.soap, this.host.timezone, from);
    if ('problems' in written) {
      const told = written.problems.map(({ path, message }) => `${path.join('.') || 'arguments'}: ${message}`);
      throw soap.ONEC_ARGUMENT(`${where}: ${told.join('; ')}`, { sent: 'no', details: { problems: written.problems } });
    }
    const request: WebRequest = {
      method: 'POST',
      path: pathOf(asked.service),
      headers: headersOf(this.config.soap, operation.action),
      body: written.text,
    };
    const read = (answer: WebAnswer) =>
      readResults(service, operation, expected(readReply(answer, from), operation, where), asked, from);
    return this.link.call({ request, where, id, signal, read });
  }

  async check(): Promise<void> {
    const where = `check at ${this.config.baseUrl}`;
    const known = this.descriptionRequest();
    const answer = await this.link.probe(known ?? { method: 'GET', path: '' }, where);
    if (answer.status < 300 || (known === undefined && THERE.has(answer.status))) return this.refuseUnusable(where);
    throw failureOfStatus(answer, refusalText(answer), { ...this.whereOf(''), where });
  }

  /** Reports the operations that flows have called and that cannot be called: no other check of `doctor` shows them. */
  private refuseUnusable(where: string): void {
    if (this.store.refused.size === 0) return;
    const reasons = [...this.store.refused].map(([operation, reason]) => `${operation} cannot be called: ${reason}`);
    throw soap.ONEC_WSDL_UNSUPPORTED(`${where}: ${reasons.join('; ')}`, { sent: 'no' });
  }

  close(): Promise<void> {
    return this.link.close();
  }

  /** Returns a request for a known WSDL: 1C does no work for it, so that it serves for a check and for ending sessions. */
  private descriptionRequest(): WebRequest | undefined {
    const [service] = this.store.known;
    return service === undefined ? undefined : { method: 'GET', path: pathOf(service), query: 'wsdl' };
  }

  private whereOf(service: string): Where {
    const { baseUrl, errors } = this.config;
    return { where: `the web service ${service} at ${baseUrl}`, baseUrl, kind: 'web service', patterns: errors };
  }
}

function pathOf(service: string): string {
  return `/${encodeURIComponent(service)}`;
}

function expected(element: XmlElement | undefined, { response }: Operation, where: string): XmlElement | undefined {
  if (response === undefined || element?.name === response) return element;
  throw fail.BAD_ANSWER(`${where}: the answer is not ${response}${element ? `, but ${element.name}` : ''}`, { sent: 'yes' });
}
