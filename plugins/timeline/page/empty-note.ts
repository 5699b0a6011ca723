import { byId, el } from './dom.js';
import { texts } from './texts.js';

/** Explains who loads resources, while the booking calendar has none. */
export function showEmptyNote(isEmpty: boolean): void {
  const note = byId('note', HTMLElement);
  note.hidden = !isEmpty;
  if (!isEmpty) return;
  note.replaceChildren(
    el('b', {}, texts.noResources),
    el('p', {}, texts.noResourcesHelp),
    el('a', { href: '/api/docs', target: '_blank', rel: 'noopener' }, texts.apiDocs),
  );
}
