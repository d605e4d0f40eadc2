import fc from 'fast-check'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { compareText } from '../order-key.ts'
import { fromStoredText, toStoredText } from './stored-text.ts'

test('[ST6] any text survives SQLite and sorts there as JavaScript sorts it', () => {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE texts (text TEXT)')
  const add = database.prepare('INSERT INTO texts VALUES (?)')
  const unit = fc.oneof(
    fc.constantFrom(
      0,
      1,
      2,
      0x7f,
      0x80,
      0x7ff,
      0x800,
      0xd7ff,
      0xd800,
      0xdbff,
      0xdc00,
      0xdfff,
      0xe000,
      0xffff,
    ),
    fc.nat(0xffff),
  )
  const text = fc.array(unit, { maxLength: 4 }).map((units) => String.fromCharCode(...units))
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 20 }), (texts) => {
      database.exec('DELETE FROM texts')
      for (const each of texts) add.run(toStoredText(each))
      const sorted = database.prepare('SELECT text FROM texts ORDER BY text').all()
      expect(sorted.map((row) => fromStoredText(String(row['text'])))).toEqual(texts.toSorted(compareText))
    }),
    { seed: 3, numRuns: 300 },
  )
  database.close()
})

test('[ST6] ordinary texts are stored as they are', () => {
  for (const text of ['', 'client:1', 'Zoë', '北京']) expect(toStoredText(text)).toBe(text)
})
