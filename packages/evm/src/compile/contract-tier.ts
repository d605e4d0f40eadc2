import type { Hardfork } from '../engine.ts'
import type { EvmModule } from '../wasm/evm-module.ts'
import { ModuleMemory } from '../wasm/module-memory.ts'
import { compileContract, compileInParts, type CodeInMemory } from './compile-contract.ts'
import { i32, op, WasmWriter } from './wasm-writer.ts'

// Fields of a code entry, see assembly/tables.ts.
const codeLength = 4
const codeRaw = 8
const codeExec = 12

type Run = (frame: number) => number

/** Where compiled contracts are kept, and the function by which the interpreter calls one by its number. */
export type ContractTable = {
  readonly table: WebAssembly.Table
  readonly run: (index: number, frame: number) => number
}

/** Makes a table of contracts: a module of one function that calls through it. */
export function createContractTable(): ContractTable {
  const table = new WebAssembly.Table({ initial: 0, element: 'anyfunc' })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(tableModule()), { evm: { table } })
  // Its only export, as written below.
  return { table, run: instance.exports['run'] as ContractTable['run'] }
}

/** Compiles contracts of one engine and puts them in its way. */
export class ContractTier {
  readonly #module: EvmModule
  readonly #memory: ModuleMemory
  readonly #table: WebAssembly.Table
  readonly #fork: Hardfork
  readonly #seen = new Set<number>()

  constructor(module: EvmModule, table: WebAssembly.Table, fork: Hardfork) {
    this.#module = module
    this.#memory = new ModuleMemory(module)
    this.#table = table
    this.#fork = fork
  }

  /** Compiles now, on this thread. What cannot be compiled stays interpreted. */
  compile(code: number): void {
    const source = this.#sourceOf(code)
    if (source === undefined) return
    const contract = compileContract(source, this.#fork)
    if (contract === undefined) return
    try {
      this.#install(code, new WebAssembly.Module(contract.module), contract.table, source.table)
    } catch (error) {
      if (!(error instanceof WebAssembly.CompileError)) throw error
    }
  }

  /**
   * Compiles in the background, with a turn for others between parts; the interpreter runs the contract until then. One
   * that fails stays interpreted.
   */
  async compileLater(code: number): Promise<void> {
    const source = this.#sourceOf(code)
    if (source === undefined) return
    const parts = compileInParts(source, this.#fork)
    let step: ReturnType<typeof parts.next>
    do {
      await turn()
      step = parts.next()
    } while (step.done !== true)
    const contract = step.value
    if (contract === undefined) return
    const module = await WebAssembly.compile(contract.module).catch(() => undefined)
    if (module !== undefined) this.#install(code, module, contract.table, source.table)
  }

  /** Undefined for what is not to be compiled, or was asked for before. Takes memory for the table. */
  #sourceOf(code: number): CodeInMemory | undefined {
    if (code === 0 || this.#seen.has(code)) return undefined
    this.#seen.add(code)
    const length = this.#memory.numberAt(code + codeLength)
    const table = this.#module.tableRoom((length + 1) * 2)
    if (length === 0 || table === 0) return undefined
    const bytes = this.#memory.copyOf(this.#memory.numberAt(code + codeRaw), length)
    return { code: bytes, exec: this.#memory.numberAt(code + codeExec), table }
  }

  #install(code: number, module: WebAssembly.Module, table: Uint16Array, tableAt: number): void {
    // The exports of the interpreter are the imports of a contract.
    const imports = { evm: this.#module as unknown as WebAssembly.ModuleImports }
    const instance = new WebAssembly.Instance(module, imports)
    this.#memory.write(new Uint8Array(table.buffer), tableAt)
    const index = this.#table.grow(1)
    this.#table.set(index, instance.exports['run'] as Run)
    this.#module.setCompiled(code, index)
  }
}

/** Lets the thread do what waits. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve)
  })
}

/** `run(index, frame)` calls entry `index` of the table with the frame. */
function tableModule(): Uint8Array<ArrayBuffer> {
  const body = new WasmWriter().unsigned(0)
  body.with(op.localGet, 1).with(op.localGet, 0).byte(0x11).unsigned(0).unsigned(0).byte(op.end)
  const sections: readonly (readonly [id: number, inner: WasmWriter])[] = [
    [1, new WasmWriter().unsigned(2).bytes(Uint8Array.of(0x60, 1, i32, 1, i32, 0x60, 2, i32, i32, 1, i32))],
    [
      2,
      new WasmWriter()
        .unsigned(1)
        .text('evm')
        .text('table')
        .bytes(Uint8Array.of(0x01, 0x70, 0x00, 0x00)),
    ],
    [3, new WasmWriter().unsigned(1).unsigned(1)],
    [7, new WasmWriter().unsigned(1).text('run').byte(0x00).unsigned(0)],
    [10, new WasmWriter().unsigned(1).sized(body)],
  ]
  const w = new WasmWriter().bytes(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00))
  for (const [id, inner] of sections) w.byte(id).sized(inner)
  return w.done()
}
