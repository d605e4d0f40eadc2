import { storeContract } from '../testing/index.ts'
import { createMemoryDisk } from './memory-disk.ts'
import { openMemoryStore } from './open-memory-store.ts'

storeContract('memory', {
  async createDisk() {
    const disk = createMemoryDisk()
    return {
      open: (options) => openMemoryStore({ ...options, disk }),
      remove: async () => {},
    }
  },
})
