export { openSharedRaindex, type SharedRaindex, type SharedRaindexOptions } from './open-shared-raindex.ts'
export {
  type SharedBook,
  type SharedBooks,
  type SharedChange,
  type SharedCursor,
  type SharedPlace,
  type SharedSnapshot,
  type SharedWriter,
  type ToldChange,
  type WriterNews,
} from './shared-books.ts'
