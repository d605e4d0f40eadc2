// The same for a replica that several tabs share, with its sync loop and all that a store can keep.
export {
  coverages,
  createOutbox,
  createSync,
  createTabGroup,
  mergeUnsent,
  openReplica,
  readFirstWindow,
  shareReplica,
  storeTables,
} from '@freshet/core'
export { changes, indexes, openIndexedDbStore } from '@freshet/storage/indexeddb'
