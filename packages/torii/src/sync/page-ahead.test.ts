import type { Page } from '@freshet/core'
import { expect, test } from 'vitest'
import { createPageAhead, type PageAhead } from './page-ahead.ts'

const { signal } = new AbortController()

/** Pages 0, 1 and so on, each told and answered when the test says so. */
function createWalk() {
  const asked: number[] = []
  const reads = new Map<number, { onNext(cursor: number): void; resolve(page: Page): void }>()
  const ahead = createPageAhead(({ cursor = 0 }, _, onNext) => {
    const { promise, resolve } = Promise.withResolvers<Page>()
    asked.push(Number(cursor))
    reads.set(Number(cursor), { onNext, resolve })
    return promise
  })
  return {
    asked,
    ahead,
    /** A page says where the walk goes on, before it is here. */
    begin: (cursor: number) => reads.get(cursor)?.onNext(cursor + 1),
    answer: (cursor: number) => reads.get(cursor)?.resolve({ facts: [], next: cursor + 1 }),
    end: (cursor: number) => reads.get(cursor)?.resolve({ facts: [] }),
  }
}

function take(ahead: PageAhead, cursor: number, by = signal): Promise<Page> {
  return ahead.page({ table: 'a', limit: 1, ...(cursor > 0 && { cursor }) }, by)
}

test('[TO40] the next pages are asked for as soon as they are known, two of them, each once', async () => {
  const { asked, ahead, begin, answer, end } = createWalk()
  const first = take(ahead, 0)
  expect(asked).toEqual([0])
  begin(0)
  expect(asked).toEqual([0, 1])
  begin(1)
  begin(2)
  expect(asked).toEqual([0, 1, 2])
  answer(0)
  expect(await first).toEqual({ facts: [], next: 1 })
  answer(1)
  expect(await take(ahead, 1)).toEqual({ facts: [], next: 2 })
  expect(asked).toEqual([0, 1, 2, 3])
  answer(2)
  await take(ahead, 2)
  end(3)
  expect(await take(ahead, 3)).toEqual({ facts: [] })
  expect(asked).toEqual([0, 1, 2, 3])
})

test('[TO40] a page that does not say at its beginning what follows is followed once it is here', async () => {
  const { asked, ahead, answer } = createWalk()
  const first = take(ahead, 0)
  answer(0)
  await first
  expect(asked).toEqual([0, 1])
})

test('[TO40] pages from before something was told are asked for again, and a busy walk asks one by one', async () => {
  const { asked, ahead, begin, answer } = createWalk()
  for (let cursor = 0; cursor < 5; cursor++) {
    const page = take(ahead, cursor)
    begin(cursor)
    begin(cursor + 1)
    ahead.told()
    answer(cursor)
    await page
  }
  expect(asked).toEqual([0, 1, 2, 1, 2, 3, 2, 3, 4])
})

test('[TO40] a page that was asked for by another connection is not taken', async () => {
  const { asked, ahead, begin, answer } = createWalk()
  const first = take(ahead, 0)
  begin(0)
  answer(0)
  await first
  const second = take(ahead, 1, new AbortController().signal)
  answer(1)
  await second
  expect(asked).toEqual([0, 1, 1, 2])
})
