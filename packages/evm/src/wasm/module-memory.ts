import type { EvmModule } from './evm-module.ts'

/** The memory of a module as bytes. Its buffer is replaced whenever it grows. */
export class ModuleMemory {
  readonly #module: EvmModule
  readonly #scratch: number
  readonly #isNative: boolean
  #bytes = new Uint8Array(0)

  constructor(module: EvmModule) {
    this.#module = module
    this.#isNative = isNative(module)
    this.#scratch = module.scratchAt()
  }

  write(bytes: Uint8Array, at: number): void {
    this.#view().set(bytes, at)
  }

  /** Writes up to 32 bytes where the module looks for operands. */
  writeScratch(bytes: Uint8Array): void {
    this.#view().set(bytes, this.#scratch)
  }

  /** The 32-bit number at an address. */
  numberAt(at: number): number {
    const bytes = this.#view()
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
  }

  copyOf(at: number, size: number): Uint8Array {
    return this.#view().slice(at, at + size)
  }

  #view(): Uint8Array {
    if (this.#isNative && this.#bytes.length !== 0) return this.#bytes
    const { buffer } = this.#module.memory
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer)
    return this.#bytes
  }
}

/**
 * Whether a module runs in WebAssembly. There the views of a memory that has grown lose their length, which is seen in
 * no time; asking for the buffer takes a sixth of a small call.
 */
export function isNative({ memory }: EvmModule): boolean {
  return typeof WebAssembly === 'object' && memory instanceof WebAssembly.Memory
}
