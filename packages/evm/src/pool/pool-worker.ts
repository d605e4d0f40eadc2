import { servePool } from './serve-pool.ts'

servePool()
