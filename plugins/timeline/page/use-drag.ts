import { useCallback, useEffect, useRef, useState, type PointerEvent as ReactPointerEvent, type RefObject } from 'react';
import type { DragKind } from './geometry.js';
import type { Entry } from './model.js';

/** A pointer that moves further, in pixels, drags instead of clicking. */
const MIN_DRAG_MOVE = 5;
/** A finger that rests for this long drags instead of scrolling. */
const LONG_PRESS_MS = 350;
/** Distance from the edge of the board, in pixels, at which a drag scrolls it, and the pixels per frame. */
const SCROLL_EDGE = 36;
const SCROLL_STEP = 12;

export interface DragTarget {
  readonly resource: string;
  readonly start: string;
  readonly end: string;
}

export interface Drag {
  readonly entry: Entry;
  readonly kind: DragKind;
  readonly target: DragTarget;
}

interface DragOptions {
  /** The box that scrolls. */
  readonly board: RefObject<HTMLElement | null>;
  readonly canWrite: boolean;
  /**
   * Returns where the entry would be.
   *
   * @param by pixels of content between the press and the pointer
   * @param at position of the pointer in the window
   */
  readonly locate: (entry: Entry, kind: DragKind, by: Point, at: Point) => DragTarget | undefined;
  readonly onDrop: (entry: Entry, target: DragTarget) => void;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DragHandlers {
  readonly drag: Drag | undefined;
  /** To be called when an entry, or its edge, is pressed. */
  readonly press: (event: ReactPointerEvent, entry: Entry, kind: DragKind) => void;
  /** Returns whether the last press was a drag: browsers send a click after it. */
  readonly wasDrag: () => boolean;
}

/** Drags entries with a mouse, a pen or, after a long press, a finger. Escape cancels; near an edge the board scrolls. */
export function useDrag(options: DragOptions): DragHandlers {
  const [drag, setDrag] = useState<Drag>();
  const latest = useRef(options);
  latest.current = options;
  const moved = useRef(false);
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);

  const press = useCallback((event: ReactPointerEvent, entry: Entry, kind: DragKind) => {
    moved.current = false;
    const { board, canWrite } = latest.current;
    const box = board.current;
    if (event.button !== 0 || !canWrite || !box) return;
    stop.current();
    stop.current = follow(event.nativeEvent, box, {
      began: () => (moved.current = true),
      at: (by, at) => {
        const target = latest.current.locate(entry, kind, by, at);
        if (target) setDrag({ entry, kind, target });
      },
      ended: (by, at) => {
        setDrag(undefined);
        // after the click that browsers send at the end of a drag
        setTimeout(() => (moved.current = false));
        const target = by && at && latest.current.locate(entry, kind, by, at);
        if (target) latest.current.onDrop(entry, target);
      },
    });
  }, []);
  return { drag, press, wasDrag: () => moved.current };
}

interface Followed {
  readonly began: () => void;
  readonly at: (by: Point, at: Point) => void;
  /** Without arguments: the drag was cancelled. */
  readonly ended: (by?: Point, at?: Point) => void;
}

/** Follows the pointer from a press on. Returns the function that cancels this. */
function follow(event: PointerEvent, box: HTMLElement, { began, at, ended }: Followed): () => void {
  const closing = new AbortController();
  const { signal } = closing;
  const origin = { x: event.clientX + box.scrollLeft, y: event.clientY + box.scrollTop };
  const isFinger = event.pointerType === 'touch';
  let pointer: Point = { x: event.clientX, y: event.clientY };
  let isDragging = false;
  let frame = 0;
  const by = () => ({ x: pointer.x + box.scrollLeft - origin.x, y: pointer.y + box.scrollTop - origin.y });
  const begin = () => {
    isDragging = true;
    began();
    frame = requestAnimationFrame(step);
  };
  const step = () => {
    scrollNearEdge(box, pointer);
    at(by(), pointer);
    frame = requestAnimationFrame(step);
  };
  const longPress = isFinger ? setTimeout(begin, LONG_PRESS_MS) : undefined;
  const end = (isDropped: boolean) => {
    closing.abort();
    clearTimeout(longPress);
    cancelAnimationFrame(frame);
    if (!isDragging) return;
    if (isDropped) ended(by(), pointer);
    else ended();
  };
  addEventListener(
    'pointermove',
    (move) => {
      if (move.pointerId !== event.pointerId) return;
      pointer = { x: move.clientX, y: move.clientY };
      const far = Math.hypot(by().x, by().y) > MIN_DRAG_MOVE;
      if (isDragging || !far) return;
      if (isFinger) end(false);
      else begin();
    },
    { signal },
  );
  addEventListener('pointerup', (up) => up.pointerId === event.pointerId && end(true), { signal });
  addEventListener('pointercancel', (cancel) => cancel.pointerId === event.pointerId && end(false), { signal });
  addEventListener(
    'keydown',
    (key) => {
      if (key.key !== 'Escape' || !isDragging) return;
      key.preventDefault();
      end(false);
    },
    { signal, capture: true },
  );
  // a finger that drags must neither scroll nor open the menu of the browser
  box.addEventListener('touchmove', (touch) => isDragging && touch.preventDefault(), { signal, passive: false });
  box.addEventListener('contextmenu', (menu) => isFinger && menu.preventDefault(), { signal });
  return () => end(false);
}

function scrollNearEdge(box: HTMLElement, { x, y }: Point): void {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  const towards = (at: number, from: number, to: number) =>
    at < from + SCROLL_EDGE ? -SCROLL_STEP : at > to - SCROLL_EDGE ? SCROLL_STEP : 0;
  box.scrollBy(towards(x, left, right), towards(y, top, bottom));
}
