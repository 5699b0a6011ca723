/** Storage of the browser, or memory where the browser refuses storage (private windows, blocked cookies) and outside of browsers. */
export interface KeyStore {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
}

/** Returns `localStorage` or `sessionStorage` as a {@link KeyStore} that never throws. */
export function keyStore(kind: 'local' | 'session'): KeyStore {
  const memory = new Map<string, string>();
  const attempt = <Result>(work: (storage: Storage) => Result, otherwise: () => Result): Result => {
    try {
      return work(kind === 'local' ? globalThis.localStorage : globalThis.sessionStorage);
    } catch {
      return otherwise();
    }
  };
  return {
    get: (key) =>
      attempt(
        (storage) => storage.getItem(key) ?? undefined,
        () => memory.get(key),
      ),
    set: (key, value) =>
      attempt(
        (storage) => storage.setItem(key, value),
        () => void memory.set(key, value),
      ),
    remove: (key) =>
      attempt(
        (storage) => storage.removeItem(key),
        () => void memory.delete(key),
      ),
  };
}
