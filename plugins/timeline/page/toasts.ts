import { button, byId, el } from './dom.js';
import { texts } from './texts.js';

const SHOWN_MS = 8_000;

/** Shows a message, with an undo button if possible. Screen readers read it out. */
export function toast(text: string, kind: 'info' | 'problem' = 'info', undo?: () => void): void {
  const shown = el('div', { className: `toast ${kind}` }, el('span', {}, text));
  if (undo) {
    const takeBack = () => {
      shown.remove();
      undo();
    };
    shown.append(button(texts.undo, takeBack));
  }
  const all = byId('toasts', HTMLElement);
  // one at a time, because an earlier change cannot be undone alone
  all.querySelector(`.${kind}`)?.remove();
  all.append(shown);
  setTimeout(() => shown.remove(), SHOWN_MS);
}
