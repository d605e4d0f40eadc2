import type { Replica } from '@freshet/core'
import { artifactsOf, type ArtifactId, type Order } from '../engine/index.ts'
import type { LiveCodeCache } from './adapters.ts'

/** Code that the live orders of a replica need and a cache lacks, in the order of the rows. */
export function lackedByOrders(
  replica: Pick<Replica, 'collection'>,
  codeCache: Pick<LiveCodeCache, 'isReady'>,
): readonly ArtifactId[] {
  const artifacts = [...replica.collection('orders').entries()].flatMap(([, row]) => {
    // Written by the projection.
    return artifactsOf(row as unknown as Order)
  })
  return distinctArtifacts(artifacts).filter((artifact) => !codeCache.isReady(artifact))
}

/** Each piece of code once, where it comes first. */
export function distinctArtifacts(artifacts: readonly ArtifactId[]): readonly ArtifactId[] {
  return [
    ...new Map(artifacts.map((artifact) => [`${artifact.kind}:${artifact.address}`, artifact])).values(),
  ]
}
