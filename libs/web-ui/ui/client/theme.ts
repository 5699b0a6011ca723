import { keyStore } from './storage.js';

/** `system` follows the setting of the device. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'sluice.theme';
const stored = keyStore('local');

/** Returns the theme that the user has chosen in this browser. */
export function theme(): Theme {
  const own = stored.get(KEY);
  return own === 'light' || own === 'dark' ? own : 'system';
}

/** Applies a theme to the document and stores it for all pages of this host. */
export function setTheme(next: Theme): void {
  if (next === 'system') stored.remove(KEY);
  else stored.set(KEY, next);
  applyTheme();
}

/** Applies the stored theme to the document. */
export function applyTheme(): void {
  const own = theme();
  if (own === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = own;
}
