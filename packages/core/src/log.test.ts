import { expect, test } from 'vitest'
import { lineLog, logLevelFrom, silentLog } from './log.ts'

test('[X3] a line log keeps its level and what is more severe, and names target and fields', () => {
  const lines: string[] = []
  const log = lineLog('warn', (line) => lines.push(line))
  log.write('error', 'freshet::sync', 'lost', { code: 'sync/lost', waitMs: 200, absent: undefined })
  log.write('warn', 'freshet::store', 'tried again')
  log.write('info', 'freshet::sync', 'connected')
  expect(lines).toEqual([
    'error freshet::sync lost code=sync/lost waitMs=200',
    'warn freshet::store tried again',
  ])
  expect([log.enabled('warn'), log.enabled('debug'), silentLog.enabled('error')]).toEqual([
    true,
    false,
    false,
  ])
})

test('[X3] a level is named by its word only', () => {
  expect(['debug', 'DEBUG', '', undefined].map(logLevelFrom)).toEqual([
    'debug',
    undefined,
    undefined,
    undefined,
  ])
})
