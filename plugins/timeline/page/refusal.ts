import { RefusedError } from './api.js';
import { texts } from './texts.js';

/** Returns the reason of a rejected change in the language of the user. */
export function inWords(error: unknown): string {
  if (!(error instanceof RefusedError)) return texts.offline;
  const { code, entry, message } = error;
  if (code === 'TIMELINE_VERSION' && entry) return `${texts.outdated}: ${entry.by}`;
  if (code === 'TIMELINE_OVERLAP' && entry) {
    const span = `${entry.start.slice(11, 16)}–${entry.end.slice(11, 16)}`;
    return `${texts.taken}: ${[entry.resource.name, span, entry.client].filter(Boolean).join(', ')}`;
  }
  if (code === 'FORBIDDEN') return texts.forbidden;
  return `${texts.failed}: ${message}`;
}
