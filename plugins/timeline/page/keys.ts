export interface KeyEvents {
  readonly turn: (pages: number) => void;
  readonly zoom: (direction: 'in' | 'out') => void;
  readonly today: () => void;
  readonly mode: (mode: 'day' | 'week') => void;
  readonly create: () => void;
  readonly search: () => void;
}

/** Handles keyboard shortcuts. They depend on the position of a key, so they also work with the Russian layout. Returns the function that stops this. */
export function listenToKeys(events: KeyEvents): () => void {
  const acts: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => events.turn(-1),
    ArrowRight: () => events.turn(1),
    Equal: () => events.zoom('in'),
    Minus: () => events.zoom('out'),
    NumpadAdd: () => events.zoom('in'),
    NumpadSubtract: () => events.zoom('out'),
    KeyT: () => events.today(),
    KeyD: () => events.mode('day'),
    KeyW: () => events.mode('week'),
    KeyN: () => events.create(),
    Slash: () => events.search(),
  };
  const press = (event: KeyboardEvent) => {
    const act = acts[event.code];
    if (!act || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTaken(event.target)) return;
    event.preventDefault();
    act();
  };
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}

/** Returns whether the element uses keys itself. */
function isTaken(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, select, textarea, [role=dialog], [role=menu], [role=group] [role=radio]') !== null
  );
}
