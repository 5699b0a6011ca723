/** Bytes that the budget charges for a frame of a call. */
export const FRAME_BYTES = 200;

/** The variables of a block, a function or a tuple, with those of the enclosing frame. */
export class Frame {
  readonly #values = new Map<string, unknown>();

  constructor(private readonly outer?: Frame) {}

  bind(name: string, value: unknown): void {
    this.#values.set(name, value);
  }

  lookup(name: string): unknown {
    if (this.#values.has(name)) return this.#values.get(name);
    let frame = this.outer;
    while (frame && !frame.#values.has(name)) frame = frame.outer;
    return frame ? frame.#values.get(name) : undefined;
  }
}
