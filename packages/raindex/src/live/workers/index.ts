export { createQuoteWorkers, type QuoteWorkersOptions } from './create-quote-workers.ts'
export { serveQuotes } from './serve-quotes.ts'
export { webWorkerPort, type WorkerPort } from '../../worker/worker-port.ts'
