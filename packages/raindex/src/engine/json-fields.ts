import { toHex, type Address, type Bytes32, type Hex } from './hex.ts'
import type { Order, OrderIO } from './order.ts'

/** JSON from outside is not what it should be; the reader of the whole says so in its own words. */
export class BadField extends Error {
  override readonly name = 'BadField'
  readonly field: string
  readonly what: string

  constructor(field: string, what: string) {
    super(`${field} ${what}`)
    this.field = field
    this.what = what
  }
}

export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadField(field, 'is no record')
  // Any record can be read by name.
  return value as Fields
}

export function listOf(value: unknown, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new BadField(field, 'is no list')
}

export function countOf(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new BadField(field, 'is no count')
}

export function decimalsOf(value: unknown, field: string): number {
  const decimals = countOf(value, field)
  if (decimals <= 255) return decimals
  throw new BadField(field, 'is above 255')
}

export function addressOf(value: unknown, field: string): Address {
  return bytesOf(value, field, 20)
}

export function wordOf(value: unknown, field: string): Bytes32 {
  return bytesOf(value, field, 32)
}

function bytesOf(value: unknown, field: string, sizeBytes?: number): Hex {
  const hex = typeof value === 'string' ? toHex(value, sizeBytes) : undefined
  if (hex !== undefined) return hex
  throw new BadField(field, sizeBytes === undefined ? 'is no hex' : `is not ${sizeBytes} bytes of hex`)
}

export function orderOf(value: unknown, field: string): Order {
  const fields = fieldsOf(value, field)
  const evaluable = fieldsOf(fields['evaluable'], `${field}.evaluable`)
  return {
    owner: addressOf(fields['owner'], `${field}.owner`),
    evaluable: {
      interpreter: addressOf(evaluable['interpreter'], `${field}.evaluable.interpreter`),
      store: addressOf(evaluable['store'], `${field}.evaluable.store`),
      bytecode: bytesOf(evaluable['bytecode'], `${field}.evaluable.bytecode`),
    },
    validInputs: iosOf(fields['validInputs'], `${field}.validInputs`),
    validOutputs: iosOf(fields['validOutputs'], `${field}.validOutputs`),
    nonce: wordOf(fields['nonce'], `${field}.nonce`),
  }
}

function iosOf(value: unknown, field: string): readonly OrderIO[] {
  return listOf(value, field).map((item) => {
    const { token, vaultId } = fieldsOf(item, field)
    return { token: addressOf(token, field), vaultId: wordOf(vaultId, field) }
  })
}
