import type { Page, PageRequest } from '@freshet/core'
import { expect, test } from 'vitest'
import { createPageAhead } from './page-ahead.ts'

const { signal } = new AbortController()

function pagesOf(count: number) {
  const asked: unknown[] = []
  const read = async ({ cursor = 0 }: PageRequest): Promise<Page> => {
    asked.push(cursor)
    const next = Number(cursor) + 1
    return { facts: [], ...(next < count && { next }) }
  }
  return { asked, ahead: createPageAhead(read) }
}

test('[TO15] the next page is asked for while one is taken in, each once', async () => {
  const { asked, ahead } = pagesOf(3)
  await ahead.page({ table: 'a', limit: 1 }, signal)
  expect(asked).toEqual([0, 1])
  await ahead.page({ table: 'a', limit: 1, cursor: 1 }, signal)
  await ahead.page({ table: 'a', limit: 1, cursor: 2 }, signal)
  expect(asked).toEqual([0, 1, 2])
})

test('[TO15] a page from before something was told is asked for again, and a busy walk asks one by one', async () => {
  const { asked, ahead } = pagesOf(10)
  for (let cursor = 0; cursor < 6; cursor++) {
    await ahead.page({ table: 'a', limit: 1, ...(cursor > 0 && { cursor }) }, signal)
    ahead.told()
  }
  expect(asked).toEqual([0, 1, 1, 2, 2, 3, 3, 4, 5])
})

test('[TO15] a page that was asked for by another connection is not taken', async () => {
  const { asked, ahead } = pagesOf(3)
  await ahead.page({ table: 'a', limit: 1 }, signal)
  await ahead.page({ table: 'a', limit: 1, cursor: 1 }, new AbortController().signal)
  expect(asked).toEqual([0, 1, 1, 2])
})
