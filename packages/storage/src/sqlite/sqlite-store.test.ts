import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../testing/index.ts'
import { openSqliteStore } from './open-sqlite-store.ts'

for (const lock of ['shared', 'exclusive'] as const) {
  storeContract(`sqlite, ${lock}`, {
    shared: lock === 'shared',
    async createDisk() {
      const directory = await mkdtemp(join(tmpdir(), 'freshet-store-'))
      return {
        open: (options) => openSqliteStore({ ...options, path: join(directory, 'store.db'), lock }),
        remove: () => rm(directory, { recursive: true }),
      }
    },
  })
}
