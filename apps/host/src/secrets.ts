import type { Workspace } from '@sluice/flow';
import { SecretSearch } from './secret-search.js';

/**
 * Values that must not leave the process in any text. Grows while the host starts. A value is recognised as it is and in the forms in which
 * remote systems, error pages and logs repeat it: see {@link SecretSearch}.
 */
export class Secrets {
  readonly #values = new Set<string>();
  /** Compiled at the first use after an added value, because every log line is searched. */
  #search: SecretSearch | undefined;

  /** @param values empty values are ignored */
  add(values: readonly string[]): void {
    for (const value of values) if (value !== '') this.#values.add(value);
    this.#search = undefined;
  }

  /** Adds the secrets of connections, issuers and triggers. */
  addWorkspace({ connections, issuers, flows }: Pick<Workspace, 'connections' | 'issuers' | 'flows'>): void {
    for (const { secrets } of connections.values()) this.add(secrets);
    for (const { secrets } of issuers) this.add(secrets);
    for (const { trigger } of flows) if (trigger.kind === 'plugin') this.add(trigger.secrets ?? []);
  }

  /** @returns the text with every secret replaced by `***`, also one that is cut off */
  readonly mask = (text: string): string => {
    this.#search ??= new SecretSearch(this.#values);
    return this.#search.mask(text);
  };
}
