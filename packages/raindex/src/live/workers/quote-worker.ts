import { serveQuotes } from './serve-quotes.ts'

serveQuotes()
