import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { layoutVersion, migrate, type LayoutStep } from './layout.ts'

test('[T8] an interrupted migration goes on at the step where it stopped', () => {
  const database = new DatabaseSync(':memory:')
  const taken: string[] = []
  let failing = true
  const steps: LayoutStep[] = [
    (db) => {
      taken.push('first')
      db.exec('CREATE TABLE a (x)')
    },
    (db) => {
      taken.push('second')
      db.exec('INSERT INTO a VALUES (1)')
      if (failing) throw new Error('the process dies here')
    },
    (db) => {
      taken.push('third')
      db.exec('INSERT INTO a VALUES (2)')
    },
  ]
  expect(() => migrate(database, 'here', steps)).toThrow('the process dies here')
  expect(layoutVersion(database, 'here')).toBe(1)
  expect(database.prepare('SELECT x FROM a').all()).toEqual([])
  failing = false
  migrate(database, 'here', steps)
  migrate(database, 'here', steps)
  expect(taken).toEqual(['first', 'second', 'second', 'third'])
  expect(database.prepare('SELECT x FROM a').all()).toEqual([{ x: 1 }, { x: 2 }])
  expect(layoutVersion(database, 'here')).toBe(3)
  database.close()
})
