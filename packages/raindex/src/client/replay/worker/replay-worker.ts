import { serveReplay } from './serve-replay.ts'

serveReplay()
