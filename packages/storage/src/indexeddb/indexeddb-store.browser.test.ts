import { indexedDbCases } from './testing/indexeddb-cases.ts'

indexedDbCases('Chromium')
