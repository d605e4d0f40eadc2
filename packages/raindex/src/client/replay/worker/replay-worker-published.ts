// The worker of this package as it is published. Its twin is replay-worker-source.ts: bundlers look
// for the literal, and fail where the file behind it does not exist, so each has only one.

/** For Node. */
export const workerFile = new URL('./replay-worker.js', import.meta.url)

/** For browsers. */
export function startModuleWorker(): Worker {
  return new Worker(new URL('./replay-worker.js', import.meta.url), { type: 'module' })
}
