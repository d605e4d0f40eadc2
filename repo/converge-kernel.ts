import { convergeKernel, type KernelDisk } from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { crashingStore } from '@freshet/storage/testing'
import type { Converge } from './converge.ts'

/** The kernel's harness on the memory store, which passes the same contract as the durable ones. */
export const converge: Converge = (options) => convergeKernel({ ...options, createDisk })

function createDisk(): KernelDisk {
  const disk = createMemoryDisk()
  return {
    open: (tables) => openMemoryStore({ tables, disk }),
    openCrashing: async (tables, failAt, when) =>
      crashingStore(await openMemoryStore({ tables, disk }), { failAt, when }),
  }
}
