// The process that a crash test starts: it saves records while it counts its steps, and dies at one of them.
// Arguments: the folder with both files, and at which step to die.
import { writeSync } from 'node:fs'
import { openCrashTable } from './outbox-crash-table.ts'

const [folder = '', dieAt = '0'] = process.argv.slice(2)
let steps = 0

/** Between two steps anything may happen to a process. */
const step = (): void => {
  steps += 1
  if (steps === Number(dieAt)) process.kill(process.pid, 'SIGKILL')
}
const around = async <T>(work: () => Promise<T>): Promise<T> => {
  step()
  const result = await work()
  step()
  return result
}
/** Said at once, so that it is heard even if the next thing is death. */
const say = (word: string): void => void writeSync(1, `${word}\n`)

const { table, close } = await openCrashTable(folder, {
  master: (remote) => ({
    ...remote,
    insert: (id, row, o) => around(() => remote.insert(id, row, o)),
    patch: (id, patch, o) => around(() => remote.patch(id, patch, o)),
    insertReturnId: (row, o) => around(() => remote.insertReturnId(row, o)),
  }),
  store: (store) => ({
    ...store,
    append: (name, value) => around(() => store.append(name, value)),
    commit: (commit, term) => around(() => store.commit(commit, term)),
  }),
})
// Only the way of the writes is counted.
steps = 0
const edit = await table.editRecord('a')
for (const name of ['one', 'two']) {
  edit.data['name'] = name
  await edit.save({ wait: 'local' })
  say(`noted a ${name}`)
}
const made = table.newRecord({ name: 'three', price: 3 })
await made.save({ wait: 'local' })
say(`noted ${made.id} three`)
// Sent once: after a crash nobody says that it was stored.
const backend = table.newRecord({ name: 'four', price: 4 }, { id: 'backend' })
if ((await backend.save()).kind === 'created') say(`stored ${backend.id} four`)
await table.outbox.drained()
say(`done ${steps}`)
await close()
