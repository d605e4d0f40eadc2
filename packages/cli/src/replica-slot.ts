import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from './registry.ts'

/** The file of a cache folder that names the replica it is. */
const fileName = 'postgres-slot'

/**
 * The name under which PostgreSQL keeps changes for the replica in a cache
 * folder: that of the configuration, else one made for the folder and kept in it.
 *
 * A folder that is deleted leaves its slots behind; see `dropReplicationSlot`.
 */
export async function replicaSlot(
  connection: Connection,
  folder: string | undefined,
): Promise<string | undefined> {
  if (connection.kind !== 'postgres' || folder === undefined) return undefined
  if (connection.slot !== undefined) return connection.slot
  const file = join(folder, fileName)
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if (kept !== undefined) return kept.trim()
  const made = `freshet_${randomUUID().slice(0, 8)}`
  await writeFile(file, `${made}\n`)
  return made
}
