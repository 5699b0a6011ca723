/** What the clients of a discussion have lost, got twice or got in another order. */
export interface DiscussionCounts {
  readonly sent: number;
  /** Messages that a client has not seen, summed over the clients. */
  readonly lost: number;
  /** Messages that a client has seen under two numbers, summed over the clients. */
  readonly twice: number;
  /** Messages that a client has seen before an earlier message of the same author, summed over the clients. */
  readonly disordered: number;
}

/** Counts what the clients of one discussion send and see. Texts must differ. */
export class DiscussionTally {
  /** The texts of each author, in the order in which he sent them. */
  readonly #sent = new Map<string, string[]>();
  /** For each client the texts by their number in the discussion. */
  readonly #seen: readonly Map<number, string>[];

  constructor(clients: number) {
    this.#seen = Array.from({ length: clients }, () => new Map<number, string>());
  }

  sent(author: string, text: string): void {
    this.#sent.set(author, [...(this.#sent.get(author) ?? []), text]);
  }

  /** Notes a message that a client has seen. The same message may be noted again. @param client from 0 */
  saw(client: number, { seq, text }: { readonly seq: number; readonly text: string }): void {
    this.#seen[client]?.set(seq, text);
  }

  /** Returns the number of messages that a client has seen. */
  seenBy(client: number): number {
    return this.#seen[client]?.size ?? 0;
  }

  /** Returns the number in the discussion of a message with such a text, when each client has seen it. */
  seenByAll(is: (text: string) => boolean): number | undefined {
    const numbers = this.#seen.map((seen) => [...seen].find(([, text]) => is(text))?.[0]);
    return numbers.includes(undefined) ? undefined : numbers[0];
  }

  counts(): DiscussionCounts {
    let [lost, twice, disordered] = [0, 0, 0];
    for (const seen of this.#seen) {
      const texts = [...seen].sort(([a], [b]) => a - b).map(([, text]) => text);
      twice += texts.length - new Set(texts).size;
      for (const own of this.#sent.values()) {
        const positions = own.map((text) => texts.indexOf(text)).filter((at) => at >= 0);
        lost += own.length - positions.length;
        disordered += positions.filter((at, n) => n > 0 && at < (positions[n - 1] ?? 0)).length;
      }
    }
    const sent = [...this.#sent.values()].reduce((sum, own) => sum + own.length, 0);
    return { sent, lost, twice, disordered };
  }
}
