/** A growing run of bytes; one is reused for all keys, so a key costs one small copy. */
export class KeyBytes {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256)
  #length = 0

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow()
    this.#bytes[this.#length++] = value
  }

  /**
   * Writes text so that byte order is the order of JavaScript's `<`, and ends it.
   *
   * Each UTF-16 unit is written by itself in the manner of UTF-8. So a lone
   * surrogate is kept, and units sort by value, which UTF-8 proper does not give.
   * Units 0 and 1 take two bytes, so that 0 can end the text.
   */
  text(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      if (unit < 2) {
        this.byte(1)
        this.byte(unit + 1)
      } else if (unit < 0x80) {
        this.byte(unit)
      } else if (unit < 0x800) {
        this.byte(0xc0 | (unit >> 6))
        this.byte(0x80 | (unit & 0x3f))
      } else {
        this.byte(0xe0 | (unit >> 12))
        this.byte(0x80 | ((unit >> 6) & 0x3f))
        this.byte(0x80 | (unit & 0x3f))
      }
    }
    this.byte(0)
  }

  /** Writes bytes so that byte order is kept, and ends them; 0 and 1 take two bytes. */
  blob(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte < 2) {
        this.byte(1)
        this.byte(byte + 1)
      } else {
        this.byte(byte)
      }
    }
    this.byte(0)
  }

  /** The bytes since the last `take`, as a copy. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return taken
  }

  /** Forgets what an interrupted writer left behind. */
  reset(): void {
    this.#length = 0
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}
