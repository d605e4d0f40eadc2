import { parseServerVersion } from '../schema/server-version.ts'
import type { ToriiCheckpoint } from '../sync/checkpoint.ts'
import type { ServerIdentity } from '../sync/torii-source.ts'
import {
  SchemaMismatchError,
  ToriiEpochChangedError,
  ToriiVersionChangedError,
  type ReactiveError,
} from './errors.ts'

/**
 * Holds a server to what the stored rows came from, and tells what is new.
 *
 * @throws {SchemaMismatchError} when the world was upgraded since the rows were stored.
 */
export function judgeServer(
  { schemaHashes, serverVersion, epoch }: ServerIdentity,
  stored: ToriiCheckpoint | undefined,
  emit: (error: ReactiveError) => void,
): void {
  if (!stored) return
  for (const [tag, hash] of Object.entries(schemaHashes)) {
    const before = stored.schemas[tag]
    if (before === undefined || before === hash) continue
    const error = new SchemaMismatchError(`Model ${tag} was upgraded`, hash, before)
    emit(error)
    throw error
  }
  const isOther = parseServerVersion(stored.serverVersion).semver !== parseServerVersion(serverVersion).semver
  if (isOther) emit(new ToriiVersionChangedError(stored.serverVersion, serverVersion))
  if (stored.epoch !== epoch) emit(new ToriiEpochChangedError(stored.epoch, epoch))
}
