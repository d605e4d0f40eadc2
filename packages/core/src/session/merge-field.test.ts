import { expect, test } from 'vitest'
import { editField, isEdited, rebaseField, type FieldState, type Maybe } from './merge-field.ts'

const same = (a: Maybe, b: Maybe): boolean => a === b
const values: readonly Maybe[] = [undefined, null, 'A', 'B', 'C']

/** The five cases of the definition, from base, local and remote alone. */
function expected(base: Maybe, local: Maybe, remote: Maybe) {
  if (local === base) return { local: remote, snapshot: remote, dirty: false, conflict: false }
  if (remote === base) return { local, snapshot: base, dirty: true, conflict: false }
  if (local === remote) return { local, snapshot: remote, dirty: false, conflict: false }
  return { local, snapshot: remote, dirty: true, conflict: true }
}

function start(base: Maybe, local: Maybe): FieldState {
  return editField({ snapshot: base, local: base, conflict: undefined }, local, same)
}

function summary(field: FieldState) {
  const { local, snapshot, conflict } = field
  return { local, snapshot, dirty: isEdited(field, same), conflict: conflict !== undefined }
}

test('[E1] every base, local and remote of five values ends as the table says', () => {
  let checked = 0
  for (const base of values) {
    for (const local of values) {
      for (const remote of values) {
        expect(summary(rebaseField(start(base, local), remote, same))).toEqual(expected(base, local, remote))
        checked += 1
      }
    }
  }
  expect(checked).toBe(125)
})

test('[E1] every history of up to four remotes ends as if only the last had been seen, unless one converged', () => {
  let checked = 0
  const visit = (base: Maybe, local: Maybe, field: FieldState, depth: number): void => {
    for (const remote of values) {
      const next = rebaseField(field, remote, same)
      checked += 1
      expect(summary(next)).toEqual(expected(base, local, remote))
      expect(rebaseField(next, remote, same)).toEqual(next)
      if (next.conflict) expect(next.conflict).toEqual({ base, remote })
      // A clean field has a new base: the definition starts over from there.
      const begins = isEdited(next, same) ? { base, local } : { base: remote, local: next.local }
      if (depth < 4) visit(begins.base, begins.local, next, depth + 1)
    }
  }
  for (const base of values) for (const local of values) visit(base, local, start(base, local), 1)
  expect(checked).toBe(25 * (5 + 25 + 125 + 625))
})

test('[E2] typing what the remote says ends the conflict; typing anything else keeps it', () => {
  const conflicting = rebaseField(start('A', 'B'), 'C', same)
  expect(summary(editField(conflicting, 'C', same))).toEqual({
    local: 'C',
    snapshot: 'C',
    dirty: false,
    conflict: false,
  })
  expect(summary(editField(conflicting, 'D', same))).toEqual({
    local: 'D',
    snapshot: 'C',
    dirty: true,
    conflict: true,
  })
})
