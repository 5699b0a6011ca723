import { fail, isSluiceError, type Log } from '@sluice/plugin-api';
import type { OnecLink, Where } from '@sluice/onec';
import { soap } from '../failures.js';
import { nearest } from '../values/nearest.js';
import { fetchDocuments, serviceOf } from './load-wsdl.js';
import type { Operation, Service, SoapVersion } from './service.js';
import type { WsdlCache } from './wsdl-cache.js';

export interface WsdlStoreOptions {
  readonly link: OnecLink;
  readonly cache: WsdlCache;
  readonly version: SoapVersion;
  /** Age in milliseconds at which a WSDL is read again. */
  readonly maxAge: number;
  /** Returns the address of a service, for messages and for requests. */
  readonly whereOf: (service: string) => Where;
  readonly log: Log;
  readonly now: () => number;
}

interface Copy {
  readonly service: Service;
  /** Time in milliseconds of the last request to 1C. */
  readonly asked: number;
}

/** Minimum interval between requests for an operation that is missing in the copy, and after a failed request. */
const ASK_AGAIN_MS = 60_000;

/** The WSDLs of the services of one 1C base: read from 1C or else from the disk, and kept in memory. */
export class WsdlStore {
  private readonly copies = new Map<string, Copy>();
  private readonly loading = new Map<string, Promise<Copy>>();
  /** Reasons why operations that flows have called cannot be called, by names such as `Save of Orders`. */
  readonly refused = new Map<string, string>();
  private cacheFails = false;

  constructor(private readonly options: WsdlStoreOptions) {}

  /** Names of the services that have been used so far. */
  get known(): readonly string[] {
    return [...this.copies.keys()];
  }

  /**
   * Returns the operation and the service that it belongs to.
   *
   * @throws `NOT_FOUND` with the most similar name, `ONEC_WSDL_UNSUPPORTED` for an operation that cannot be called, or the error of reading
   *   the WSDL. The error has `sent: 'no'`.
   */
  async operation(service: string, operation: string): Promise<{ readonly service: Service; readonly operation: Operation }> {
    const { now, maxAge, whereOf } = this.options;
    let copy = await this.copyOf(service, maxAge);
    if (!copy.service.operations.has(operation) && now() - copy.asked >= ASK_AGAIN_MS) copy = await this.copyOf(service, 0);
    const found = copy.service.operations.get(operation);
    if (found) {
      this.refused.delete(`${operation} of ${service}`);
      return { service: copy.service, operation: found };
    }
    const reason = copy.service.unusable.get(operation);
    if (reason !== undefined) {
      this.refused.set(`${operation} of ${service}`, reason);
      throw soap.ONEC_WSDL_UNSUPPORTED(`${whereOf(service).where}: the operation ${operation} cannot be called: ${reason}`, {
        sent: 'no',
      });
    }
    const known = [...copy.service.operations.keys()];
    const meant = nearest(operation, known);
    const hint = meant === undefined ? `it has ${known.join(', ') || 'none'}` : `did you mean ${meant}?`;
    throw fail.NOT_FOUND(`${whereOf(service).where} has no operation ${operation}: ${hint}`, { sent: 'no', details: { meant } });
  }

  private async copyOf(service: string, maxAge: number): Promise<Copy> {
    const copy = this.copies.get(service);
    if (copy && this.options.now() - copy.asked < maxAge) return copy;
    let loading = this.loading.get(service);
    if (!loading) {
      loading = this.load(service, copy).finally(() => this.loading.delete(service));
      this.loading.set(service, loading);
    }
    return loading;
  }

  private async load(name: string, before: Copy | undefined): Promise<Copy> {
    const { link, version, whereOf, log, now, maxAge } = this.options;
    const from = whereOf(name);
    try {
      const documents = await fetchDocuments(link, name, from);
      const service = serviceOf(documents, version, from);
      await this.keep(from.where, documents);
      if (service.unusable.size > 0)
        log.warn('operations of the web service cannot be called', {
          service: name,
          operations: Object.fromEntries(service.unusable),
        });
      return this.remember(name, { service, asked: now() });
    } catch (error) {
      if (!isSluiceError(error) || error.fate === 'fatal') throw error;
      const service = before?.service ?? (await this.fromDisk(from));
      if (!service) throw error;
      log.warn('the WSDL cannot be read from 1C: using the last copy', { service: name, reason: error.message });
      return this.remember(name, { service, asked: now() - maxAge + ASK_AGAIN_MS });
    }
  }

  private remember(name: string, copy: Copy): Copy {
    this.copies.set(name, copy);
    return copy;
  }

  private async fromDisk(from: Where): Promise<Service | undefined> {
    const documents = await this.options.cache.read(from.where);
    return documents && serviceOf(documents, this.options.version, from);
  }

  private async keep(address: string, documents: Parameters<WsdlCache['write']>[1]): Promise<void> {
    try {
      await this.options.cache.write(address, documents);
    } catch (error) {
      if (this.cacheFails) return;
      this.cacheFails = true;
      this.options.log.warn('the WSDL cannot be saved on the disk: the next start needs 1C to read it', {
        reason: String(error),
      });
    }
  }
}
