// A process that shares a store file with the test. It says what it sees, and writes when it is told to.
// Arguments: the folder with both files.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { openPeerTable } from './peer-table.ts'

const [folder = ''] = process.argv.slice(2)
const say = (word: string): void => void writeSync(1, `${word}\n`)

const { table } = await openPeerTable(folder)
const tell = (): void => {
  const { role, state } = table.status.get()
  say([role, state, table.get('a')?.['name']].filter((word) => typeof word === 'string').join(' '))
}
table.status.subscribe(tell)
table.collection.subscribe(tell)
tell()
for await (const name of createInterface({ input: process.stdin })) {
  const { kind } = await table.patch('a', { set: { name } })
  say(`wrote ${name} ${kind}`)
}
