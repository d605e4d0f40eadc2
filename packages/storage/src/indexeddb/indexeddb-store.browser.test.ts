import { indexedDbCases } from './indexeddb-cases.fixture.ts'

indexedDbCases('Chromium')
