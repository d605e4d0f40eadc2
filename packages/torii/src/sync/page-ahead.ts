import { valueKey, type Page, type PageRequest, type Value } from '@freshet/core'

/** Reads pages, and asks for the next ones while one is taken in. */
export type PageAhead = {
  page(request: PageRequest, signal: AbortSignal): Promise<Page>
  /** Something was told by other ways: pages that were asked for before it may be older than that. */
  told(): void
}

/**
 * Reads one page.
 *
 * @param onNext - Told where the walk goes on as soon as that is known, which may be long before the page is here.
 */
export type ReadPage = (
  request: PageRequest,
  signal: AbortSignal,
  onNext: (cursor: Value) => void,
) => Promise<Page>

/**
 * A page that was asked for early is used only where nothing was told since:
 * the kernel takes it for as new as its own question [A2]. In a world that
 * changes all the time, pages are asked for one by one.
 */
export function createPageAhead(read: ReadPage): PageAhead {
  /** The page that was taken last, and behind it those asked for ahead. */
  let walk: Asked[] = []
  let wasted = 0

  const ask = (request: PageRequest, signal: AbortSignal): Asked => {
    const one: Asked = { key: keyOf(request), signal, next: undefined, page: noPage }
    const goesOn = (cursor: Value): void => {
      one.next ??= { ...request, cursor }
      if (one === walk.at(-1)) askAhead()
    }
    one.page = read(request, signal, goesOn).then((page) => {
      if (page.next !== undefined) goesOn(page.next)
      return page
    })
    // Its error is met when it is taken.
    one.page.catch(() => {})
    return one
  }
  const askAhead = (): void => {
    const last = walk.at(-1)
    if (last?.next && walk.length <= lead && wasted < maxWasted) walk.push(ask(last.next, last.signal))
  }
  const drop = (): void => {
    wasted += walk.splice(1).length
  }
  return {
    async page(request, signal) {
      if (request.cursor === undefined) wasted = 0
      const isAsked = walk[1]?.key === keyOf(request) && walk[1].signal === signal
      if (!isAsked) drop()
      const one = (isAsked ? walk[1] : undefined) ?? ask(request, signal)
      walk = [one, ...walk.slice(2)]
      askAhead()
      const page = await one.page
      // Nothing keeps the rows of a walk that is over.
      if (page.next === undefined && walk[0] === one) walk = []
      return page
    },
    told: drop,
  }
}

type Asked = {
  readonly key: string
  readonly signal: AbortSignal
  next: PageRequest | undefined
  page: Promise<Page>
}

const noPage: Promise<Page> = Promise.resolve({ facts: [] })

/** Pages asked for before they are taken: one on its way and one in the making. */
const lead = 2

/** Pages asked for in vain before a walk goes on without. */
const maxWasted = 3

function keyOf({ table, cursor = null, limit }: PageRequest): string {
  return `${limit} ${table} ${valueKey(cursor)}`
}
