import { createCommitter } from './committer.ts'
import type { Disk, ReplicaCore } from './replica-core.ts'
import type { Term } from './store.ts'

/** Lets a replica lead: from now on what is applied is committed [T10]. */
export function lead<F>(core: ReplicaCore<F>, { store, onCommitted }: Disk, term: Term): void {
  const { clock, log, maxBacklog, status } = core
  core.committer = createCommitter({
    store,
    term,
    clock,
    maxBacklog,
    onCommitted(committedSeq) {
      // The store may have refused an operation before.
      if (status.get().degraded) status.update({ degraded: undefined })
      try {
        onCommitted?.(committedSeq)
      } catch (error) {
        core.onListenerError(error)
      }
    },
    onFault(fault) {
      if (fault) log.write('warn', 'freshet::store', fault.message, { code: fault.code })
      status.update({ degraded: fault })
    },
  })
  status.update({ role: 'leader' })
}
