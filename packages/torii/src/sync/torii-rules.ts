/**
 * The rules of this synchroniser that a convergence run can switch off, to show
 * that it would notice. All are on, always, outside of such a run.
 */
export type ToriiRules = {
  /** TO15: what moved to the head while a walk went on is read again. */
  readonly movers: boolean
  /** TO16: some members are not taken for a whole row. */
  readonly partials: boolean
  /** TO18: ids are compared after a gap, because deletions leave no trace. */
  readonly reconcileIds: boolean
  /** TO17: after a gap what changed meanwhile is read. */
  readonly resume: boolean
}

export const allToriiRules: ToriiRules = { movers: true, partials: true, reconcileIds: true, resume: true }
