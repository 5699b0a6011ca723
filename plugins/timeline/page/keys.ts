export interface KeyEvents {
  readonly turn: (pages: number) => void;
  readonly zoom: (direction: 'in' | 'out') => void;
  readonly today: () => void;
  readonly create: () => void;
  readonly search: () => void;
}

/** Handles keyboard shortcuts. They depend on the position of a key, so they also work with the Russian layout. */
export function listenToKeys(events: KeyEvents): void {
  const acts: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => events.turn(-1),
    ArrowRight: () => events.turn(1),
    Equal: () => events.zoom('in'),
    Minus: () => events.zoom('out'),
    NumpadAdd: () => events.zoom('in'),
    NumpadSubtract: () => events.zoom('out'),
    KeyT: () => events.today(),
    KeyN: () => events.create(),
    Slash: () => events.search(),
  };
  addEventListener('keydown', (event) => {
    const act = acts[event.code];
    if (!act || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    event.preventDefault();
    act();
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, select, textarea, dialog') !== null;
}
