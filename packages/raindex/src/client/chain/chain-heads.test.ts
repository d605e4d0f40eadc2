import { afterEach, expect, test } from 'vitest'
import { createChainRig, type ChainRig } from '../../testing/chain-rig.ts'
import { createImpatientClock } from '../../testing/impatient-clock.ts'
import { createChainHeads, type HeadSocket } from './chain-heads.ts'

const running: ChainRig[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((rig) => rig.stop()))
})

type Listener = (event: { readonly data: unknown }) => void

function fakeSocket() {
  const listeners = new Map<string, Listener[]>()
  const sent: string[] = []
  const socket: HeadSocket & { isClosed: boolean } = {
    isClosed: false,
    send: (text) => void sent.push(text),
    close() {
      socket.isClosed = true
    },
    addEventListener(type: string, listener: Listener) {
      listeners.set(type, [...(listeners.get(type) ?? []), listener])
    },
  }
  const emit = (type: string): void => listeners.get(type)?.forEach((listener) => listener({ data: '{}' }))
  return { socket, sent, emit }
}

test('[CN8] a head that is pushed is read at once, long before the next poll', async () => {
  const { socket, sent, emit } = fakeSocket()
  const rig = createChainRig({ blocks: 10, heads: { pollMs: 600_000, openSocket: () => socket } })
  running.push(rig)
  emit('open')
  expect(JSON.parse(sent[0] ?? '')).toMatchObject({ method: 'eth_subscribe', params: ['newHeads'] })
  rig.sync.start()
  await rig.wait(1_000)
  rig.mine(2)
  await rig.wait(1_000)
  expect(rig.replica.position).toBe((rig.chain.head?.number ?? 0) - 2)
  emit('message')
  await rig.wait(100)
  expect(rig.replica.position).toBe(rig.chain.head?.number)
})

test('[CN8] polling goes on when the socket is lost, which is opened again', async () => {
  const clock = createImpatientClock()
  const opened: ReturnType<typeof fakeSocket>[] = []
  const openSocket = (): HeadSocket => {
    const fake = fakeSocket()
    opened.push(fake)
    return fake.socket
  }
  const heads = createChainHeads({ pollMs: 1_000, reopenMs: 5_000, openSocket, clock })
  opened[0]?.emit('close')
  opened[0]?.emit('error')
  const next = heads.next(new AbortController().signal)
  await clock.advance(1_000)
  await next
  expect(opened).toHaveLength(1)
  await clock.advance(4_000)
  expect(opened).toHaveLength(2)
  heads.close()
  expect(opened[1]?.socket).toMatchObject({ isClosed: true })
  opened[1]?.emit('close')
  await clock.advance(60_000)
  expect(opened).toHaveLength(2)
})
