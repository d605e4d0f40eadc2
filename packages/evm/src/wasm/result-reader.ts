import { bytesToBigInt, bytesToHex, type Hex } from '../bytes.ts'
import type { EvmResult, MissingState, ReadSet, SlotRead } from '../engine.ts'
import { EvmError } from '../errors.ts'
import type { EvmModule } from './evm-module.ts'
import { isNative } from './module-memory.ts'

// Fields of an account or slot (assembly/tables.ts) and of the result (assembly/index.ts), in 32-bit units.
const entryId = 1
const entryReadNext = 5
const entryOwner = 6
const entryBody = 8
const resultData = 0
const resultSize = 1
const resultGas = 1 // in 64-bit units
const resultBlockReads = 4
const resultAccounts = 5
const resultSlots = 6
const resultReason = 7
const resultMissing = 8
const resultHot = 9
const missingAddress = 64 // in bytes
const missingKey = 96

const noId = 0xffffffff
const statuses = ['ok', 'revert', 'halt'] as const
const statusMissing = 3
const statusUnsupported = 4
const reasons = [
  '',
  'the call needs more memory than memoryLimitBytes',
  'a precompile has no implementation here',
  'a hook did not answer',
] as const

const noBytes = new Uint8Array(0)
const noAccounts: readonly Hex[] = []
const noSlots: readonly SlotRead[] = []

/** Reads what a run left in the module's memory, which the next call overwrites. */
export class ResultReader {
  readonly #module: EvmModule
  readonly #addresses: readonly Hex[]
  /** Slots that were read before, by number: making their hex is dearer than the call that reads them. */
  readonly #slots = new Map<number, SlotRead>()
  readonly #result: number
  readonly #isNative: boolean
  #words = new Uint32Array(0)
  #floats = new Float64Array(0)
  #bytes = noBytes

  constructor(module: EvmModule, addresses: readonly Hex[]) {
    this.#module = module
    this.#addresses = addresses
    this.#result = module.resultAt()
    this.#isNative = isNative(module)
  }

  /** Number of an account entry. */
  idOf(entry: number): number {
    this.#refresh()
    return this.#word(entry / 4 + entryId)
  }

  /** Code that ran often and is interpreted, 0 for none. */
  hotCode(): number {
    this.#refresh()
    return this.#word((this.#result >> 2) + resultHot)
  }

  read(status: number): EvmResult {
    this.#refresh()
    const at = this.#result >> 2
    const reads = this.#reads(at)
    const gasUsed = BigInt(this.#floats[(this.#result >> 3) + resultGas] ?? 0)
    const name = statuses[status]
    if (name !== undefined) {
      const size = this.#word(at + resultSize)
      const start = this.#word(at + resultData)
      const output = size === 0 ? noBytes : this.#bytes.slice(start, start + size)
      return { status: name, output, gasUsed, reads }
    }
    if (status === statusMissing) {
      return { status: 'missing', output: noBytes, gasUsed: 0n, reads, missing: this.#missing(at) }
    }
    if (status === statusUnsupported) {
      const reason = reasons[this.#word(at + resultReason)] ?? 'unknown reason'
      return { status: 'unsupported', output: noBytes, gasUsed: 0n, reads, reason }
    }
    throw new EvmError(`the interpreter ended with ${status}`, { code: 'evm/trap', kind: 'internal' })
  }

  /** The answer to a call whose data alone is over the memory limit. */
  tooMuchData(): EvmResult {
    const reads = { time: false, number: false, block: false, slots: noSlots, accounts: noAccounts }
    return { status: 'unsupported', output: noBytes, gasUsed: 0n, reads, reason: reasons[1] }
  }

  #reads(at: number): ReadSet {
    const block = this.#word(at + resultBlockReads)
    return {
      time: (block & 1) !== 0,
      number: (block & 2) !== 0,
      block: (block & 4) !== 0,
      slots: this.#slotReads(this.#word(at + resultSlots)),
      accounts: this.#accountReads(this.#word(at + resultAccounts)),
    }
  }

  #accountReads(head: number): readonly Hex[] {
    if (head === 0) return noAccounts
    const accounts: Hex[] = []
    for (let entry = head; entry !== 0; entry = this.#word(entry / 4 + entryReadNext)) {
      accounts.push(this.#addressOf(entry))
    }
    return accounts
  }

  #slotReads(head: number): readonly SlotRead[] {
    if (head === 0) return noSlots
    const slots: SlotRead[] = []
    for (let entry = head; entry !== 0; entry = this.#word(entry / 4 + entryReadNext))
      slots.push(this.#slotOf(entry))
    return slots
  }

  #slotOf(entry: number): SlotRead {
    const id = this.#word(entry / 4 + entryId)
    const known = id === noId ? undefined : this.#slots.get(id)
    if (known !== undefined) return known
    const slot: SlotRead = [
      this.#addressOf(this.#word(entry / 4 + entryOwner)),
      this.#limbsToHex(entry / 4 + entryBody, 8),
    ]
    if (id !== noId) this.#slots.set(id, slot)
    return slot
  }

  #addressOf(entry: number): Hex {
    return this.#addresses[this.#word(entry / 4 + entryId)] ?? this.#limbsToHex(entry / 4 + entryBody, 5)
  }

  #limbsToHex(at: number, units: number): Hex {
    let hex = ''
    for (let i = units - 1; i >= 0; i--)
      hex += this.#word(at + i)
        .toString(16)
        .padStart(8, '0')
    return `0x${hex}`
  }

  #missing(at: number): MissingState {
    const address = bytesToHex(
      this.#bytes.slice(this.#result + missingAddress + 12, this.#result + missingAddress + 32),
    )
    const key = this.#bytes.slice(this.#result + missingKey, this.#result + missingKey + 32)
    switch (this.#word(at + resultMissing)) {
      case 1:
        return { kind: 'account', address }
      case 2:
        return { kind: 'balance', address }
      case 3:
        return { kind: 'slot', address, slot: bytesToHex(key) }
      default:
        return { kind: 'block-hash', number: bytesToBigInt(key) }
    }
  }

  #word(index: number): number {
    return this.#words[index] ?? 0
  }

  #refresh(): void {
    if (this.#isNative && this.#words.length !== 0) return
    const { buffer } = this.#module.memory
    if (this.#words.buffer === buffer) return
    this.#words = new Uint32Array(buffer)
    this.#floats = new Float64Array(buffer)
    this.#bytes = new Uint8Array(buffer)
  }
}
