const FIRST_BYTES = 1024;

/**
 * Bytes of one line or body that arrive in pieces. Takes memory for what has arrived, never for what was announced, and as much for a
 * thousand pieces of one byte as for one of a thousand.
 */
export class ByteCollector {
  #bytes: Buffer = Buffer.alloc(0);
  length = 0;

  add(piece: Buffer): void {
    const length = this.length + piece.length;
    if (length > this.#bytes.length) this.#grow(length);
    piece.copy(this.#bytes, this.length);
    this.length = length;
  }

  /** All that was added; nothing may be added after it. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  #grow(length: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#bytes.length, FIRST_BYTES));
    this.#bytes.copy(bytes, 0, 0, this.length);
    this.#bytes = bytes;
  }
}
