// What a browser application needs for a durable replica with pending writes.
export { createOutbox, openReplica, storeTables } from '@freshet/core'
export { openIndexedDbStore } from '@freshet/storage/indexeddb'
