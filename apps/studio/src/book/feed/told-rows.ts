/** The ids of rows that are told one by one and can be read again from the start. */
export type ToldRows = {
  /** Takes note that a row was told, as it is or as gone. */
  told(id: string, isThere: boolean): void
  /** Begins to read all rows anew. What is told from here on is newer than what is read. */
  begin(): Reading
}

type Reading = {
  /** Whether a row that was read is news: not so where it was told meanwhile. */
  read(id: string): boolean
  /** Forgets what was neither read nor told, and returns it. */
  finish(): readonly string[]
}

export function createToldRows(): ToldRows {
  const known = new Set<string>()
  let told = new Set<string>()
  return {
    told(id, isThere) {
      told.add(id)
      if (isThere) known.add(id)
      else known.delete(id)
    },
    begin() {
      const mine = new Set<string>()
      const read = new Set<string>()
      told = mine
      return {
        read(id) {
          if (mine.has(id)) return false
          read.add(id)
          known.add(id)
          return true
        },
        finish() {
          const gone = [...known].filter((id) => !read.has(id) && !mine.has(id))
          for (const id of gone) known.delete(id)
          return gone
        },
      }
    },
  }
}
