import { parentPort, workerData } from 'node:worker_threads'
import { answerCall } from './answer-call.ts'
import { openCoreAt } from './open-local-database.ts'
import { buffersOf, sentError, type ThreadCall, type ThreadReply } from './thread-calls.ts'

// Given by openLocalDatabase.
const { path } = workerData as { readonly path: string }
const reply = (message: ThreadReply, handedBack: ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, handedBack)

try {
  const core = openCoreAt(path, () => Date.now())
  parentPort?.on('message', ({ number, call }: ThreadCall) => {
    try {
      const answer = answerCall(core, path, call)
      const memory = buffersOf(call)
      reply({ number, kind: 'answer', answer, memory }, memory)
    } catch (error) {
      reply({ number, kind: 'error', error: sentError(error) })
    }
  })
  reply({ number: 0, kind: 'answer', answer: undefined })
} catch (error) {
  reply({ number: 0, kind: 'error', error: sentError(error) })
}
