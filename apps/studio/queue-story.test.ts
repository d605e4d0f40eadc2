import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openProfile } from './testing/built-studio.ts'
import {
  cardField,
  cardInput,
  draftName,
  isQueuedOutOfReach,
  keepMine,
  openCard,
  openQueue,
  save,
  sidesOf,
} from './testing/card-page.ts'
import { stageTables } from './testing/stage-tables.ts'
import { cell } from './testing/table-page.ts'

const stage = stageTables()

test('[SU16] a save without a database is queued; the panel says why and takes it back, and the draft stands again', async () => {
  const page = await stage.openLiveWindow('client')
  await stage.loseDatabase(page)
  await draftName(page, 'marty', 'Calvin Klein')
  await page.keyboard.press('Enter')
  await cardField(page, 'name', 'queued').waitFor()
  await isQueuedOutOfReach(page, 'marty')
  const queue = await openQueue(page)
  await queue.getByText('marty: name = Calvin Klein').waitFor()
  await queue.getByText('Try now').waitFor()
  await queue.getByRole('button', { name: 'Discard the write to marty' }).click()
  await cardField(page, 'name', 'modified').waitFor()
  expect(await cardInput(page, 'name').inputValue()).toBe('Calvin Klein')

  await save(page)
  await cardField(page, 'name', 'queued').waitFor()
  await stage.query("UPDATE client:marty SET name = 'Clint', balance = 5dec")
  await stage.startDatabase()
  await cardField(page, 'name', 'conflict').waitFor()
  expect(await sidesOf(page, 'name')).toEqual(['Marty McFly', 'Calvin Klein', 'Clint'])
  await keepMine(page, 'marty', 'name')
  expect(await stage.stored('client:marty', 'name')).toBe('Calvin Klein')
  expect(await stage.stored('client:marty', 'balance')).toBe('5')
})

test('[SU16] what waited while browser and database were closed is confirmed in order, once', async () => {
  const profile = await mkdtemp(join(tmpdir(), 'studio-profile-'))
  await stage.query(`DEFINE TABLE effect SCHEMALESS;
     DEFINE EVENT effects ON TABLE client THEN (CREATE effect SET at = time::now(), name = $after.name)`)
  await stage.changeBrowser(() => openProfile(profile))
  const page = await stage.openLiveWindow('client')
  await stage.loseDatabase(page)
  for (const [id, name] of [
    ['marty', 'Calvin Klein'],
    ['doc', 'Emmett'],
  ] as const) {
    await draftName(page, id, name)
    await page.keyboard.press('Enter')
    await isQueuedOutOfReach(page, id)
    await page.keyboard.press('Escape')
  }
  await stage.changeBrowser(() => openProfile(profile))
  const again = await stage.openWindow('client')
  await again.getByText('2 pending writes').waitFor()
  expect(await cell(again, 'marty', 'name').textContent()).toContain('Calvin Klein')
  await stage.startDatabase()
  await again.getByText('no pending writes').waitFor()
  const effects = await stage.query('SELECT at, name FROM effect ORDER BY at')
  expect(effects).toMatchObject([[{ name: 'Calvin Klein' }, { name: 'Emmett' }]])
  expect(stage.trouble()).toEqual([])
  await stage.closeBrowser()
  await rm(profile, { recursive: true })
})

test('[SU16] a queued save whose guard fails after a reload is kept, to be retried, or chosen in its card', async () => {
  const page = await stage.openLiveWindow('client')
  await stage.loseDatabase(page)
  await draftName(page, 'marty', 'Calvin Klein')
  await page.keyboard.press('Enter')
  await cardField(page, 'name', 'queued').waitFor()
  await stage.query("UPDATE client:marty SET name = 'Clint'")
  await page.reload()
  await stage.startDatabase()
  const failed = (await openQueue(page)).locator('li[data-outcome="failed"]')
  await failed.getByText('someone else changed the same first').waitFor()
  await failed.getByRole('button', { name: 'Retry the write to marty' }).click()
  // It is sent as it was, and its guard still fails.
  await failed.getByText('someone else changed the same first').waitFor()
  await cell(page, 'marty', 'name').filter({ hasText: 'Clint' }).waitFor()
  await openCard(page, 'marty')
  await cardField(page, 'name', 'conflict').waitFor()
  expect(await sidesOf(page, 'name')).toEqual(['Marty McFly', 'Calvin Klein', 'Clint'])
  await keepMine(page, 'marty', 'name')
  await failed.waitFor({ state: 'detached' })
  expect(await stage.stored('client:marty', 'name')).toBe('Calvin Klein')
})
