/**
 * Browsers scroll whatever gets the focus into sight, within boxes too that hide what is too much. Rows of vis-timeline would no longer lie beside
 * their names then: hands such a scroll to the column of the names, which vis-timeline follows.
 */
export function followFocus(board: HTMLElement): void {
  const follow = ({ target }: Event) => {
    if (!(target instanceof HTMLElement) || target.classList.contains('vis-vertical-scroll')) return;
    const { scrollTop } = target;
    target.scrollTo(0, 0);
    board.querySelector('.vis-left')?.scrollBy(0, scrollTop);
  };
  // these events do not bubble
  board.addEventListener('scroll', follow, { capture: true });
}
