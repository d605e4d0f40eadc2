/** Value types of WebAssembly. */
export const i32 = 0x7f
export const i64 = 0x7e
export const v128 = 0x7b

/** Opcodes of WebAssembly that compiled contracts use. @see WebAssembly Core Specification 2.0, section 5.4 */
export const op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load16U: 0x2f,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtU: 0x56,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Or: 0x72,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64ExtendI32U: 0xad,
} as const

/** Vector instructions, behind the prefix 0xfd. */
export const vector = {
  load: 0x00,
  store: 0x0b,
  shuffle: 0x0d,
  splatI64: 0x12,
  extractI64: 0x1d,
  replaceI64: 0x1e,
} as const

/** Block type without values. */
export const noValues = 0x40

/** Bytes of a function or module, with the encodings of WebAssembly. */
export class WasmWriter {
  #bytes = new Uint8Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** One byte, such as an opcode. */
  byte(value: number): this {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
    return this
  }

  bytes(bytes: Uint8Array): this {
    this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** Unsigned LEB128. */
  unsigned(value: number): this {
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest = Math.floor(rest / 128)
    }
    return this.byte(rest)
  }

  /** Signed LEB128 of up to 64 bits. */
  signed(value: bigint): this {
    if (value >= -0x4000_0000n && value < 0x4000_0000n) return this.#signedSmall(Number(value))
    let rest = value
    for (;;) {
      const low = Number(rest & 0x7fn)
      rest >>= 7n
      if ((rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  /** An instruction with one index: a local, a label, a function. */
  with(opcode: number, index: number): this {
    return this.byte(opcode).unsigned(index)
  }

  i32Const(value: number): this {
    return this.byte(op.i32Const).#signedSmall(value | 0)
  }

  i64Const(value: bigint): this {
    return this.byte(op.i64Const).signed(BigInt.asIntN(64, value))
  }

  /** A load or store; the address is on the stack. Alignment is only a hint, so none is given. */
  memory(opcode: number, offset: number): this {
    return this.byte(opcode).unsigned(0).unsigned(offset)
  }

  vectorMemory(opcode: number, offset: number): this {
    return this.byte(0xfd).unsigned(opcode).unsigned(0).unsigned(offset)
  }

  vectorLane(opcode: number, lane: number): this {
    return this.byte(0xfd).unsigned(opcode).byte(lane)
  }

  vectorConst(low: bigint, high: bigint): this {
    this.byte(0xfd).unsigned(0x0c)
    for (let shift = 0n; shift < 64n; shift += 8n) this.byte(Number((low >> shift) & 0xffn))
    for (let shift = 0n; shift < 64n; shift += 8n) this.byte(Number((high >> shift) & 0xffn))
    return this
  }

  /** Reverses the bytes of a vector; the operand is on the stack. */
  reverse(local: number): this {
    this.with(op.localTee, local).with(op.localGet, local).byte(0xfd).unsigned(vector.shuffle)
    for (let lane = 15; lane >= 0; lane--) this.byte(lane)
    return this
  }

  /** A section or body: its length, then its bytes. */
  sized(inner: WasmWriter): this {
    return this.unsigned(inner.length).bytes(inner.done())
  }

  text(text: string): this {
    const bytes = new TextEncoder().encode(text)
    return this.unsigned(bytes.length).bytes(bytes)
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  #signedSmall(value: number): this {
    let rest = value
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      if ((rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  #grow(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const wider = new Uint8Array((this.#length + more) * 2)
    wider.set(this.#bytes)
    this.#bytes = wider
  }
}
