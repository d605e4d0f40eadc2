import type { Status } from '@freshet/core'
import type { WriteNote } from '../data/write-ledger.ts'
import { describeFreshness } from '../strip/describe-freshness.ts'

/** Why a write still waits, or why it failed. */
export function waitWords({ outcome }: WriteNote, status: Status, nowUnixMs: number): string {
  if (outcome.kind === 'conflict') return 'someone else changed the same first; nothing was written.'
  if (outcome.kind === 'rejected') return `it was refused: ${outcome.reason}`
  if (outcome.kind !== 'pending') return ''
  if (outcome.step === 'parked') return 'it waits behind a change of this row that failed; decide about that.'
  const { state, next } = describeFreshness(status, nowUnixMs)
  if (status.state !== 'live') {
    const until = next === undefined ? `the table is ${state}` : next
    const lost = outcome.step === 'unsure' ? ' It may have been sent; that is verified first.' : ''
    return `the database is out of reach (${until}).${lost}`
  }
  switch (outcome.step) {
    case 'sending':
      return 'it is being sent.'
    case 'unsure':
      return 'its answer was lost, and it is being verified.'
    case 'failed':
    case 'queued':
      return outcome.trouble ?? (outcome.kept ? 'it is next to be sent.' : 'it is being kept.')
  }
}
