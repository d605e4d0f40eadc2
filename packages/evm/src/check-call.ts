import { toAddressHex, toBytes, toWordBytes, type BytesInput, type Hex } from './bytes.ts'
import { maxCallGas, type StaticCall } from './engine.ts'
import { EvmError } from './errors.ts'

/** A call whose arguments were checked. */
export type CheckedCall = {
  readonly to: Hex
  readonly from: Hex
  readonly data: Uint8Array
  readonly gas: bigint
  readonly gasPrice: Uint8Array | undefined
  readonly blobHashes: readonly Uint8Array[]
}

const noHashes: readonly Uint8Array[] = []

/** Checks every argument of a call before anything runs. */
export function checkCall(call: StaticCall): CheckedCall {
  return {
    to: toAddressHex(call.to, 'to'),
    from: toAddressHex(call.from, 'from'),
    data: toBytes(call.data, 'data'),
    gas: checkGas(call.gas),
    gasPrice: call.gasPrice === undefined ? undefined : toWordBytes(call.gasPrice, 'gasPrice'),
    blobHashes: call.blobHashes?.map((hash) => toWordBytes(hash, 'blob hash')) ?? noHashes,
  }
}

/** @throws {EvmError} `evm/bad-gas`: not a bigint from 0 to {@link maxCallGas}. */
export function checkGas(gas: bigint): bigint {
  if (typeof gas === 'bigint' && gas >= 0n && gas <= maxCallGas) return gas
  throw new EvmError(`gas is ${gas}; give a bigint from 0 to ${maxCallGas}`, {
    code: 'evm/bad-gas',
    kind: 'usage',
  })
}

/** @throws {EvmError} `evm/code-too-large`: raise `maxCodeBytes` where a chain allows more. */
export function checkCode(code: BytesInput, limit: number): Uint8Array {
  const bytes = toBytes(code, 'code')
  if (bytes.length <= limit) return bytes
  throw new EvmError(`code has ${bytes.length} bytes, over the limit of ${limit}; see maxCodeBytes`, {
    code: 'evm/code-too-large',
    kind: 'usage',
  })
}
