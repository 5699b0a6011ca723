/** Marks that were not sent yet, by discussion. They never move back, so of several only the highest is sent. */
export class MarksQueue {
  readonly #sent = new Map<string, number>();
  readonly #waiting = new Map<string, number>();

  /** Returns whether the mark is new, so that it has to be sent. */
  add(discussion: string, seq: number): boolean {
    if (seq < 1 || seq <= Math.max(this.#sent.get(discussion) ?? 0, this.#waiting.get(discussion) ?? 0)) return false;
    this.#waiting.set(discussion, seq);
    return true;
  }

  /** Returns the marks to send, at most `max`. Call {@link restore} with them if they could not be sent. */
  take(max = 500): { discussion: string; seq: number }[] {
    const marks = [...this.#waiting].slice(0, max).map(([discussion, seq]) => ({ discussion, seq }));
    for (const { discussion, seq } of marks) {
      this.#waiting.delete(discussion);
      this.#sent.set(discussion, seq);
    }
    return marks;
  }

  /** Puts marks back that could not be sent. */
  restore(marks: readonly { discussion: string; seq: number }[]): void {
    for (const { discussion, seq } of marks) {
      if (this.#sent.get(discussion) === seq) this.#sent.delete(discussion);
      if (seq > (this.#waiting.get(discussion) ?? 0)) this.#waiting.set(discussion, seq);
    }
  }
}
