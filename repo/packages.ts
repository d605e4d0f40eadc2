import { filesOf, textOf } from './tree.ts'

/** A workspace of this repository. */
export type Workspace = {
  /** `@freshet/core` */
  readonly name: string
  /** `packages/core` */
  readonly folder: string
  readonly isPrivate: boolean
  readonly entryPoints: readonly EntryPoint[]
}

/** One public door of a package. */
type EntryPoint = {
  /** What users import: `@freshet/storage/sqlite`. */
  readonly specifier: string
  /** Its TypeScript, relative to the root: `packages/storage/src/sqlite/index.ts`. */
  readonly source: string
}

type Manifest = {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, { readonly source?: string }>>
}

/** All workspaces, sorted by folder. */
export function workspaces(): readonly Workspace[] {
  return filesOf('packages/*/package.json', 'apps/*/package.json', '{bench,repo}/package.json').map(
    (path) => {
      // Our own manifests; the checks fail loudly on one of another shape.
      const manifest = JSON.parse(textOf(path)) as Manifest
      const folder = path.replace(/\/package\.json$/, '')
      return {
        name: manifest.name,
        folder,
        isPrivate: manifest.private === true,
        entryPoints: Object.entries(manifest.exports ?? {}).flatMap(([subpath, { source }]) => {
          if (source === undefined) return []
          return [{ specifier: manifest.name + subpath.slice(1), source: `${folder}/${source.slice(2)}` }]
        }),
      }
    },
  )
}
