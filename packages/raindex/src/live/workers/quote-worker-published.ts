// The worker of this package as it is published. Its twin is quote-worker-source.ts: bundlers look
// for the literal, and fail where the file behind it does not exist, so each has only one.

/** For Node. */
export const workerFile = new URL('./quote-worker.js', import.meta.url)

/** For browsers. */
export function startModuleWorker(): Worker {
  return new Worker(new URL('./quote-worker.js', import.meta.url), { type: 'module' })
}
