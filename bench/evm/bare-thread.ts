import { parentPort } from 'node:worker_threads'
import { createWasmEvm } from '@freshet/evm'
import { interpreterWorkload } from '@freshet/evm/testing'

// An engine in a thread without a pool: what the machine gives when nothing has to be sent.

const evm = await createWasmEvm({ tier: 'interpreter' })
const { setUp, calls } = interpreterWorkload()
setUp(evm)

parentPort?.on('message', (runs: number) => {
  for (let i = 0; i < runs; i++) {
    const call = calls[i % calls.length]
    if (call !== undefined) evm.staticCall(call)
  }
  parentPort?.postMessage('done')
})
parentPort?.postMessage('ready')
