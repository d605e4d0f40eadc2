import { createTabGroup } from '@freshet/core'
import { createVirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createSqlitePeers } from './sqlite-peers.ts'
import { testDirectory } from './testing/test-directory.ts'

function peers() {
  const directory = testDirectory()
  const clock = createVirtualClock()
  const errors: unknown[] = []
  const join = () => {
    const environment = createSqlitePeers({ path: directory.path('cache.db'), pollMs: 50, clock })
    return createTabGroup<unknown>({ ...environment, name: 'a/b', onError: (error) => errors.push(error) })
  }
  return { directory, clock, errors, join }
}

test('[ST20] of several one leads; when it goes the next does', async () => {
  const { directory, clock, errors, join } = peers()
  using _ = directory
  const leads: string[] = []
  const lead = (name: string) => async () => {
    leads.push(name)
    return async () => void leads.push(`${name} ends`)
  }
  const [first, second, third] = [join(), join(), join()]
  first.whenLeader(lead('first'))
  await clock.advance(10)
  second.whenLeader(lead('second'))
  third.whenLeader(lead('third'))
  await clock.advance(200)
  expect(leads).toEqual(['first'])
  // One that never led goes without a word.
  await third.close()
  await first.close()
  await clock.advance(100)
  expect(leads).toEqual(['first', 'first ends', 'second'])
  await second.close()
  expect(errors).toEqual([])
})

test('[ST20] what one says the others hear in order, once, with every type of value', async () => {
  const { directory, clock, join } = peers()
  using _ = directory
  const [first, second] = [join(), join()]
  const heard: unknown[] = []
  const own: unknown[] = []
  second.subscribe((message) => heard.push(message))
  first.subscribe((message) => own.push(message))
  const message = { at: new Date(5), large: 2n ** 70n, bytes: new Uint8Array([1]), none: undefined }
  first.post(message)
  for (let count = 0; count < 2_500; count++) first.post(count)
  // One that comes later has not missed anything it could have known of.
  const third = join()
  third.subscribe((late) => own.push(late))
  expect(heard).toEqual([])
  await clock.advance(60)
  expect(heard[0]).toEqual(message)
  expect(heard.slice(-3)).toEqual([2_497, 2_498, 2_499])
  const count = heard.length
  await clock.advance(500)
  expect([heard.length, own]).toEqual([count, []])
  await Promise.all([first.close(), second.close(), third.close()])
})
