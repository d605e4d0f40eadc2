import { startModuleWorker, workerFile } from '#replay-worker'
import { startWorker, type WorkerPort } from '../../../worker/worker-port.ts'

/** A replay worker from outside; it must call `serveReplay`. */
export type ReplayPort = WorkerPort
export { webWorkerPort } from '../../../worker/worker-port.ts'

/** Starts a worker of this package. One can be given to replays one after the other; each replaces what it holds. */
export function startReplayWorker(): ReplayPort {
  return startWorker({ file: workerFile, startModule: startModuleWorker })
}
