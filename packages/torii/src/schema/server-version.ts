/** The version of a Torii, its release apart from its build. */
export type ServerVersion = {
  /** `1.8.16` */
  readonly semver: string
  /** `fe3ed0f`, or a branch and a hash for a development build. */
  readonly build: string | undefined
}

/** Reads `1.8.16 (fe3ed0f)`. A rebuild of one release is not another version. */
export function parseServerVersion(text: string): ServerVersion {
  const [, semver, build] = /^\s*v?(\S+)(?:\s+\((.*)\))?\s*$/.exec(text.slice(0, 200)) ?? []
  return { semver: semver ?? text.slice(0, 200), build }
}
