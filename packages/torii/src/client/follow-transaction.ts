import { valuesEqual, type Row } from '@freshet/core'
import { canonicalFelt } from '../values/felt.ts'
import type { OverlayHandle } from './overlays.ts'
import type { WorldCore } from './world-core.ts'

type FollowedCore = Pick<WorldCore, 'replica' | 'overlays' | 'clock' | 'status' | 'changedBy'>

/** What became of a transaction, as a receipt of the chain tells. */
export type TransactionOutcome = 'succeeded' | 'reverted'

/**
 * Follows a transaction by its hash, beside the guard: a reverted one is undone
 * at once, and with `exact` the change falls when Torii names this transaction
 * as the last that changed the entity.
 */
export async function followTransaction(
  core: FollowedCore,
  change: { readonly model: string; readonly entityId: string; readonly payload: Row },
  how: {
    readonly handle: OverlayHandle
    readonly sent: Promise<unknown>
    readonly receipt: ((transactionHash: string) => Promise<TransactionOutcome>) | undefined
    readonly exact: boolean
    readonly pollMs: number
  },
): Promise<void> {
  const { handle, receipt, exact } = how
  const collection = core.replica.collection(change.model)
  const confirmed = collection.confirmed(change.entityId)
  const submittedOn = { confirmed, isKnown: confirmed !== undefined || collection.complete }
  const hash = hashOf(await how.sent)
  if (hash === undefined) return
  if (receipt) {
    receipt(hash).then(
      (outcome) => {
        if (outcome === 'reverted') handle.rollback()
      },
      // The guard and the timeout still judge it.
      () => {},
    )
  }
  if (exact) askUntilSettled(core, change, { ...how, hash, submittedOn })
}

function askUntilSettled(
  { replica, overlays, clock, status, changedBy }: FollowedCore,
  { model, entityId, payload }: { readonly model: string; readonly entityId: string; readonly payload: Row },
  {
    handle,
    hash,
    submittedOn,
    pollMs,
  }: {
    readonly handle: OverlayHandle
    readonly hash: string
    /** The row then, where it was known whether there is one. */
    readonly submittedOn: { readonly confirmed: Row | undefined; readonly isKnown: boolean }
    readonly pollMs: number
  },
): void {
  let open = true
  let cancel = (): void => {}
  void handle.settled.then(() => {
    open = false
    cancel()
  })
  const ask = async (): Promise<void> => {
    const last = await changedBy(model, entityId)
    if (!open) return
    const confirmed = replica.collection(model).confirmed(entityId)
    // Without what it changed being here, the old value would show for a moment.
    const isNewer =
      confirmed !== submittedOn.confirmed &&
      // What has come from the disk meanwhile may be older.
      (submittedOn.isKnown || status.get().overall.state === 'streaming')
    const isHere = isNewer || holds(confirmed, payload)
    if (last === hash && isHere) overlays.ack(handle.transactionId)
    else cancel = clock.schedule(() => void ask(), pollMs)
  }
  void ask()
}

function holds(row: Row | undefined, payload: Row): boolean {
  return (
    row !== undefined && Object.entries(payload).every(([member, value]) => valuesEqual(row[member], value))
  )
}

/** What `account.execute` of starknet.js gives, or a hash. */
function hashOf(sent: unknown): string | undefined {
  const hash: unknown =
    typeof sent === 'object' && sent !== null && 'transaction_hash' in sent ? sent.transaction_hash : sent
  return typeof hash === 'string' && /^0x[0-9a-f]{1,64}$/i.test(hash) ? canonicalFelt(hash) : undefined
}
