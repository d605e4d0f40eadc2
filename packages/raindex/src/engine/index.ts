export type { Address, Bytes32, Hex } from './hex.ts'
export { decodeOrder, encodeOrder, hashOrder, type Evaluable, type Order, type OrderIO } from './order.ts'
