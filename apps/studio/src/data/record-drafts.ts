import { asFreshetError, createListeners } from '@freshet/core'
import type { RecordEdit } from '@freshet/table'
import type { Readable } from './readable.ts'
import { createRecordCard, type RecordCard, type RecordCardOptions } from './record-card.ts'

type DraftsState = {
  /** The card on the screen. */
  readonly shown: RecordCard | undefined
  /** Every card that is shown, or has changes or saves to lose. */
  readonly cards: readonly RecordCard[]
  /** The ids of those with unsaved changes. */
  readonly unsaved: readonly string[]
  /** Why the last one could not be opened. */
  readonly trouble: string | undefined
}

/** The cards of a table. One that is put aside keeps its draft until it is saved or discarded. */
export type RecordDrafts = Readable<DraftsState> & {
  /** Shows the card of a row, with the draft it was left with. */
  show(id: string): void
  /** Puts the shown card aside. */
  hide(): void
  discard(id: string): void
}

export type RecordDraftsOptions = Omit<RecordCardOptions, 'edit'> & {
  editRecord(id: string): Promise<RecordEdit>
}

export function createRecordDrafts({ editRecord, ...options }: RecordDraftsOptions): RecordDrafts {
  const listeners = createListeners<void>(() => {})
  const cards = new Map<string, RecordCard>()
  let state: DraftsState = { shown: undefined, cards: [], unsaved: [], trouble: undefined }
  let asked: string | undefined

  const change = (more: Partial<DraftsState>): void => {
    const all = [...cards.values()]
    state = { ...state, ...more, cards: all, unsaved: all.filter(isUnsaved).map(({ id }) => id) }
    listeners.emit()
  }
  /** Lets go of those that have nothing to lose. */
  const sweep = (): void => {
    const idle = [...cards.values()].filter((card) => card !== state.shown && !isHeld(card))
    for (const card of idle) drop(card)
    const unsaved = [...cards.values()].filter(isUnsaved)
    const isNews =
      unsaved.length !== state.unsaved.length || unsaved.some(({ id }) => !state.unsaved.includes(id))
    if (idle.length > 0 || isNews) change({})
  }
  const drop = (card: RecordCard): void => {
    cards.delete(card.id)
    card.dispose()
  }
  const open = async (id: string): Promise<void> => {
    const card = createRecordCard({ edit: await editRecord(id), ...options })
    // Asked for another meanwhile, or twice for this one.
    if (asked !== id || cards.has(id)) return card.dispose()
    cards.set(id, card)
    card.subscribe(sweep)
    change({ shown: card, trouble: undefined })
    sweep()
  }

  return {
    get: () => state,
    subscribe: (listener) => listeners.add(listener),
    show(id) {
      asked = id
      const card = cards.get(id)
      if (card !== undefined) {
        change({ shown: card, trouble: undefined })
        return sweep()
      }
      open(id).catch((error: unknown) => {
        const { message } = asFreshetError(error, { code: 'studio/no-card', kind: 'internal' })
        change({ trouble: message })
      })
    },
    hide() {
      asked = undefined
      change({ shown: undefined, trouble: undefined })
      sweep()
    },
    discard(id) {
      const card = cards.get(id)
      if (card === undefined) return
      cards.delete(id)
      card.discard()
      change(state.shown === card ? { shown: undefined } : {})
    },
  }
}

/** Whether there is something in it that is not in a save. */
export function isUnsaved(card: RecordCard): boolean {
  const { record, modified } = card.get()
  return record === 'deleted' || modified.length > 0
}

/** Whether something is unsaved, or it is not known yet how a save ends. */
function isHeld(card: RecordCard): boolean {
  const { queued, isSaving } = card.get()
  return isUnsaved(card) || isSaving || queued.length > 0
}
