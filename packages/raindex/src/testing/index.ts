export {
  startLocalBook,
  type LocalAmount,
  type LocalBook,
  type LocalBookOptions,
  type LocalOrder,
  type LocalQuote,
  type LocalReceipt,
  type LocalToken,
  type LocalTrader,
} from './local-book.ts'
export { findAnvil } from './anvil.ts'
export { orderBookCalls, type LocalTask, type OrderChoice } from './order-book-calls.ts'
export { op, testProgram } from './test-program.ts'
export {
  sharedBooksContract,
  type SharedBooksCase,
  type SharedBooksUnderTest,
} from './shared-books-contract.ts'
