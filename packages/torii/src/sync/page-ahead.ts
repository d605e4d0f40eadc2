import { valueKey, type Page, type PageRequest } from '@freshet/core'

/** Reads pages, and asks for the next one while the one before is taken in. */
export type PageAhead = {
  page(request: PageRequest, signal: AbortSignal): Promise<Page>
  /** Something was told by other ways: a page that was asked for before it may be older than that. */
  told(): void
}

/**
 * A page that was asked for early is used only where nothing was told since:
 * the kernel takes it for as new as its own question [A2]. In a world that
 * changes all the time, pages are asked for one by one.
 */
export function createPageAhead(
  read: (request: PageRequest, signal: AbortSignal) => Promise<Page>,
): PageAhead {
  let ahead: { readonly key: string; readonly signal: AbortSignal; readonly page: Promise<Page> } | undefined
  let wasted = 0
  const take = (request: PageRequest, signal: AbortSignal): Promise<Page> | undefined => {
    const asked = ahead
    ahead = undefined
    if (asked?.key === keyOf(request) && asked.signal === signal) return asked.page
    if (asked) wasted += 1
    return undefined
  }
  return {
    async page(request, signal) {
      if (request.cursor === undefined) wasted = 0
      const page = await (take(request, signal) ?? read(request, signal))
      if (page.next !== undefined && wasted < maxWasted) {
        const next = { ...request, cursor: page.next }
        ahead = { key: keyOf(next), signal, page: read(next, signal) }
        // Its error is met when it is asked for.
        ahead.page.catch(() => {})
      }
      return page
    },
    told() {
      if (ahead) wasted += 1
      ahead = undefined
    },
  }
}

/** Pages asked for in vain before a walk goes on without. */
const maxWasted = 3

function keyOf({ table, cursor = null, limit }: PageRequest): string {
  return `${limit} ${table} ${valueKey(cursor)}`
}
