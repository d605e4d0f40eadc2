import type { Ack } from './batch.ts'
import type { Kernel } from './kernel.ts'
import type { Layer } from './overlay.ts'
import { operationDelete } from './replica-records.ts'
import type { TableChange } from './replica-tables.ts'
import type { StoreWrite } from './store.ts'

/** What brings word of operations that the remote has taken. */
export type Acking = { readonly acks?: readonly Ack[] | undefined }

/** Shows a write that is not confirmed yet; one whose operation is shown already takes its place. */
export function addLayer({ tables, overlay }: Kernel, layer: Layer): void {
  // Refused before anything is remembered, where there is no such table.
  tables.collection(layer.table)
  const before = overlay.add(layer)
  tables.transact((change) => {
    if (before) change.of(before.table).layer(before.id, overlay.foldOf(before))
    change.of(layer.table).layer(layer.id, overlay.foldOf(layer))
  })
}

/** Takes a write back, or lets it fall because it is confirmed elsewhere. */
export function dropLayer(kernel: Kernel, operationId: string): void {
  kernel.acks.forget(operationId)
  kernel.tables.transact((change) => dropInChange(kernel, change, operationId))
}

/** Lets a layer fall as a part of a greater change. */
export function dropInChange({ overlay }: Kernel, change: TableChange, operationId: string): void {
  const layer = overlay.drop(operationId)
  if (layer) change.of(layer.table).layer(layer.id, overlay.foldOf(layer))
}

/**
 * Lets the layers of acknowledged operations fall, or holds them until their
 * row is read again [W5].
 *
 * @param isTold - Whether the batch brought the row as it is after the operation.
 */
export function applyAcks(
  kernel: Kernel,
  change: TableChange,
  { acks = [] }: Acking,
  isTold: (layer: Layer) => boolean,
): void {
  for (const { operationId } of acks) {
    const layer = kernel.overlay.find(operationId)
    if (!layer) continue
    if (isTold(layer)) dropConfirmed(kernel, change, layer)
    else kernel.acks.hold(layer, kernel.seq)
  }
}

/**
 * A row that shows a write shows the acknowledged ones before it too: left
 * over, they would bring back an older value.
 */
function dropConfirmed(kernel: Kernel, change: TableChange, layer: Layer): void {
  for (const earlier of kernel.overlay.layersOf(layer)) {
    if (earlier === layer) break
    if (!kernel.acks.isHeld(earlier)) continue
    kernel.acks.forget(earlier.operationId)
    dropInChange(kernel, change, earlier.operationId)
  }
  dropInChange(kernel, change, layer.operationId)
}

/** The removal of the operations' records, which go with the rows that confirm them [T1]. */
export function retired({ acks = [] }: Acking): readonly StoreWrite[] {
  return acks.flatMap(({ recordId }) => (recordId === undefined ? [] : [operationDelete(recordId)]))
}
