import type { Maybe, RecordChange, Row } from '@freshet/core'
import type { EditHost } from './edit-host.ts'
import { differences } from './save-guard.ts'
import type { PartialField } from './save-result.ts'

/** Fields of a write that the confirmed row has shown as they were sent, since it began. */
export type SeenAsSent = {
  readonly fields: ReadonlySet<string>
  stop(): void
}

/** Such a field was stored as it was sent: what it holds instead later is somebody else's write. */
export function seenAsSent(host: EditHost, id: string, sent: RecordChange): SeenAsSent {
  const asked = askedOf(sent)
  const before = host.confirmed(id)
  const fields = new Set<string>()
  const stop = host.onChange(() => {
    const row = host.confirmed(id)
    if (!row || row === before) return
    const others = new Set(differences(asked, row, host).map(({ field }) => field))
    for (const field of Object.keys(asked)) if (!others.has(field)) fields.add(field)
  })
  return { fields, stop }
}

/**
 * The fields that are stored otherwise than they were sent.
 *
 * @param overwritable - Those that were seen as they were sent; `told`: the answer to the write says what is stored.
 */
export function partialFields(
  host: EditHost,
  sent: RecordChange,
  stored: Row,
  overwritable: ReadonlySet<string> | 'told',
): readonly PartialField[] {
  const causeOf = (field: string): PartialField['cause'] => {
    if (overwritable === 'told') return 'coerced'
    return overwritable.has(field) ? 'overwritten' : 'unknown'
  }
  return differences(askedOf(sent), stored, host).map(({ field, local, remote }) => ({
    field,
    sent: local,
    stored: remote,
    cause: causeOf(field),
  }))
}

/** Every field of a change with the value it was to have. */
function askedOf({ set, unset }: RecordChange): { readonly [field: string]: Maybe } {
  return { ...Object.fromEntries(unset.map((field) => [field, undefined])), ...set }
}
