/** Milliseconds for which a message is shown. */
const SHOWN_MS = 8_000;
const MAX_TOASTS = 3;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'info' | 'bad';
  readonly action?: { readonly label: string; readonly run: () => void };
}

let shownToasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  shownToasts = next;
  for (const listener of listeners) listener();
}

export interface ToastOptions {
  readonly tone?: Toast['tone'];
  /** Adds a button that runs this, such as "undo", and removes the message. */
  readonly action?: Toast['action'];
}

/**
 * Shows a short message for a few seconds; screen readers read it out. A new message with an action replaces the previous one with an action, because an
 * earlier change cannot be undone alone. A new problem replaces the previous problem.
 */
export function toast(text: string, { tone = 'info', action }: ToastOptions = {}): void {
  const shown: Toast = { id: ++lastId, text, tone, ...(action && { action }) };
  const others = shownToasts.filter((one) => !(tone === 'bad' && one.tone === 'bad') && !(action && one.action));
  set([...others, shown].slice(-MAX_TOASTS));
  setTimeout(() => dismissToast(shown.id), SHOWN_MS);
}

export function dismissToast(id: number): void {
  if (shownToasts.some((one) => one.id === id)) set(shownToasts.filter((one) => one.id !== id));
}

/** Returns the messages that are shown; another array after each change. */
export function toasts(): readonly Toast[] {
  return shownToasts;
}

/** Calls the listener after each change; returns the function that stops this. */
export function onToasts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
