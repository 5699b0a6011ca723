import { keyStore, type KeyStore } from './storage.js';

export interface SessionState {
  /** Absent: the user must enter a token. */
  readonly token: string | undefined;
  /** True if the host has rejected the token that was used last. */
  readonly wasRejected: boolean;
}

/**
 * The token of the user. It comes from the link that 1C has signed, `/timeline#token=…` (browsers do not send the part after # to servers), from this
 * tab, or from a form. It is kept in the session storage, which ends with the tab, and never in a cookie, so that other sites cannot make the browser
 * send it.
 */
export class Session {
  readonly #listeners = new Set<() => void>();
  #waiting: ((token: string) => void)[] = [];
  #state: SessionState;

  /** @param key key in the storage, one for all pages of the host that share tokens */
  constructor(
    private readonly storage: KeyStore = keyStore('session'),
    private readonly key = 'sluice.token',
  ) {
    this.#state = { token: storage.get(key), wasRejected: false };
  }

  /** Takes the token from the part after # of the address and returns the address without it; undefined if it contains none. */
  takeFrom(hash: string): string | undefined {
    const parameters = new URLSearchParams(hash.replace(/^#/, ''));
    const given = parameters.get('token');
    if (!given) return undefined;
    this.signIn(given);
    parameters.delete('token');
    const rest = parameters.toString().replaceAll('=&', '&').replace(/=$/, '');
    return rest === '' ? '' : `#${rest}`;
  }

  /** The current state; a new object after each change. */
  get state(): SessionState {
    return this.#state;
  }

  get token(): string | undefined {
    return this.#state.token;
  }

  signIn(token: string): void {
    this.storage.set(this.key, token);
    this.#set({ token, wasRejected: false });
    for (const resolve of this.#waiting.splice(0)) resolve(token);
  }

  signOut(): void {
    this.storage.remove(this.key);
    this.#set({ token: undefined, wasRejected: false });
  }

  /**
   * Resolves with a token other than the one that the host has rejected. The form of TokenGate asks the user for it, once for all requests that
   * were rejected at the same time.
   */
  replaced(rejected: string): Promise<string> {
    const { token } = this.#state;
    if (token !== undefined && token !== rejected) return Promise.resolve(token);
    this.storage.remove(this.key);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (token !== undefined) this.#set({ token: undefined, wasRejected: true });
    });
  }

  /** Calls the listener after each change; returns the function that stops this. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
