import { toBytes } from '../bytes.ts'
import type { EvmEngine, EvmResult } from '../engine.ts'

/** Breaks one rule of SPEC.md on purpose, to show that the comparison notices. Other ids change nothing. */
export function breakRule(engine: EvmEngine, rule: string | undefined): EvmEngine {
  switch (rule) {
    case 'EV2': // SMOD computes MOD
      return withMethods(engine, {
        setCode: (address, code) =>
          engine.setCode(
            address,
            toBytes(code, 'code').map((byte) => (byte === 0x07 ? 0x06 : byte)),
          ),
      })
    case 'EV3': // every slot is warm
      return withMethods(engine, {
        staticCall: (call) => {
          const result = engine.staticCall(call)
          return { ...result, gasUsed: result.gasUsed - 2000n * BigInt(result.reads.slots.length) }
        },
      })
    case 'EV6': // one slot is left out
      return withMethods(engine, {
        staticCall: (call): EvmResult => {
          const result = engine.staticCall(call)
          return { ...result, reads: { ...result.reads, slots: result.reads.slots.slice(1) } }
        },
      })
    default:
      return engine
  }
}

function withMethods(engine: EvmEngine, methods: Partial<EvmEngine>): EvmEngine {
  return {
    name: engine.name,
    staticCall: (call) => engine.staticCall(call),
    setCode: (address, code) => engine.setCode(address, code),
    setBalance: (address, balance) => engine.setBalance(address, balance),
    setStorage: (address, slot, value) => engine.setStorage(address, slot, value),
    setKnownEmpty: (address) => engine.setKnownEmpty(address),
    setComplete: (address) => engine.setComplete(address),
    setHook: (address, hook) => engine.setHook(address, hook),
    setBlock: (env) => engine.setBlock(env),
    ...methods,
  }
}
