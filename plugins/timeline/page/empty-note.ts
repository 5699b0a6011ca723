import { byId, el } from './dom.js';
import { texts } from './texts.js';

/** What to do about a journal without resources, for as long as it has none. */
export function showEmptyNote(isEmpty: boolean, importPath: string): void {
  const note = byId('note', HTMLElement);
  note.hidden = !isEmpty;
  if (!isEmpty) return;
  const example = `POST ${location.origin}${importPath}\n{ "resources": [{ "code": "101", "name": "${texts.someone}" }] }`;
  note.replaceChildren(
    el('b', {}, texts.noResources),
    el('p', {}, texts.noResourcesHelp),
    el('pre', { tabIndex: 0 }, example),
    el('a', { href: '/api/docs', target: '_blank', rel: 'noopener' }, texts.apiDocs),
  );
}
