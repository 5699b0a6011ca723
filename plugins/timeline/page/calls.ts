import { button, byId, el } from './dom.js';
import type { Call } from './model.js';
import { texts } from './texts.js';

const known = new Set<string>();

/** Time after which a card disappears. */
const SHOWN_MS = 10 * 60_000;

/** Shows a card for each call that rings at the extension of the user. A button creates an entry from it. */
export function showCalls(calls: readonly Call[], book: (call: Call) => void, canWrite: boolean): void {
  for (const call of calls) {
    if (known.has(call.id)) continue;
    known.add(call.id);
    const card: HTMLElement = el('div', { className: 'call', role: 'alert' });
    const bookAndClose = () => {
      card.remove();
      book(call);
    };
    card.append(
      el('small', {}, texts.call),
      el('b', {}, call.client || call.phone),
      el('span', {}, call.client ? call.phone : ''),
      el(
        'div',
        { className: 'buttons' },
        button(texts.dismiss, () => card.remove()),
        ...(canWrite ? [button(texts.book, bookAndClose, { className: 'primary' })] : []),
      ),
    );
    byId('calls', HTMLElement).append(card);
    setTimeout(() => card.remove(), SHOWN_MS);
  }
}
