import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { spanOf } from './api.js';
import type { Entry } from './model.js';
import { StatusMark } from './status-mark.js';
import { texts } from './texts.js';

const DELAY_MS = 350;
const GAP = 8;

interface HoverPanelProps {
  readonly board: RefObject<HTMLElement | null>;
  readonly entries: readonly Entry[];
}

/**
 * Shows the details of the entry under the mouse, or of the one with the keyboard focus, beside its card. One panel serves all cards. Screen readers have
 * the same text as the name of the card.
 */
export function HoverPanel({ board, entries }: HoverPanelProps) {
  const [card, setCard] = useState<HTMLElement>();
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = board.current;
    if (!box) return undefined;
    const closing = new AbortController();
    const { signal } = closing;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hide = () => {
      clearTimeout(timer);
      setCard(undefined);
    };
    const show = ({ target }: Event, delay: number) => {
      hide();
      const found = target instanceof Element ? target.closest<HTMLElement>('[data-entry]') : null;
      if (found) timer = setTimeout(() => setCard(found), delay);
    };
    box.addEventListener(
      'pointerover',
      (event) => event.pointerType === 'mouse' && event.buttons === 0 && show(event, DELAY_MS),
      { signal },
    );
    box.addEventListener(
      'focusin',
      (event) => event.target instanceof Element && event.target.matches(':focus-visible') && show(event, 0),
      { signal },
    );
    for (const name of ['pointerleave', 'pointerdown', 'focusout', 'keydown']) box.addEventListener(name, hide, { signal });
    box.addEventListener('scroll', hide, { signal, capture: true });
    return () => {
      closing.abort();
      clearTimeout(timer);
    };
  }, [board]);
  const entry = card && entries.find(({ id }) => id === card.dataset['entry']);
  useLayoutEffect(() => {
    if (card && panel.current) place(panel.current, card.getBoundingClientRect());
  }, [card, entry]);
  if (!entry) return null;
  return (
    <div ref={panel} className="hover-panel" aria-hidden="true">
      <b>{entry.client || texts.entry}</b>
      <span>
        {spanOf(entry)} · {entry.resource.name}
      </span>
      {entry.phone && <span>{entry.phone}</span>}
      <StatusMark status={entry.status} />
      {entry.comment && <p>{entry.comment}</p>}
      {entry.note && <p>{entry.note}</p>}
    </div>
  );
}

/** Places the panel to the right of the card, or to the left of it where there is no room. */
function place(panel: HTMLElement, card: DOMRect): void {
  const { width, height } = panel.getBoundingClientRect();
  const right = card.right + GAP + width <= innerWidth;
  const left = right ? card.right + GAP : Math.max(GAP, card.left - GAP - width);
  panel.style.left = `${left}px`;
  panel.style.top = `${Math.max(GAP, Math.min(card.top, innerHeight - height - GAP))}px`;
}
