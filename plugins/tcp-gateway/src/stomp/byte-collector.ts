const FIRST_BYTES = 1024;

/**
 * Collects the bytes of one line or body that arrives in pieces. Its memory depends on the number of received bytes, neither on the
 * announced length nor on the number of pieces.
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

  /** Returns all added bytes. To be called last. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  #grow(length: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#bytes.length, FIRST_BYTES));
    this.#bytes.copy(bytes, 0, 0, this.length);
    this.#bytes = bytes;
  }
}
