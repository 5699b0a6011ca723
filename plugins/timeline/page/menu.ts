import { el } from './dom.js';

/** Creates a button with a list, which closes on Escape and on a press outside. */
export function menu(className: string, name: string, rows: readonly HTMLElement[]): HTMLElement {
  const head = el('summary', {}, name);
  const made = el('details', { className }, head, el('div', {}, ...rows));
  made.onkeydown = (event) => {
    if (event.key !== 'Escape' || !made.open) return;
    made.open = false;
    head.focus();
  };
  addEventListener('pointerdown', (event) => {
    if (!(event.target instanceof Node && made.contains(event.target))) made.open = false;
  });
  return made;
}
