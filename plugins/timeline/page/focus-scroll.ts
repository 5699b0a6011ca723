/**
 * Moves the scroll position that a browser sets for a focused element to the column of the names, with which vis-timeline scrolls. Browsers
 * also scroll boxes with hidden overflow, after which the rows of vis-timeline would no longer be beside their names.
 */
export function followFocus(board: HTMLElement): void {
  const follow = ({ target }: Event) => {
    if (!(target instanceof HTMLElement) || target.classList.contains('vis-vertical-scroll')) return;
    const { scrollTop } = target;
    target.scrollTo(0, 0);
    board.querySelector('.vis-left')?.scrollBy(0, scrollTop);
  };
  // capture, because scroll events do not bubble
  board.addEventListener('scroll', follow, { capture: true });
}
