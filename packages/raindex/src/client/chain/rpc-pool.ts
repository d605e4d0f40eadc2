import {
  backoffMs,
  delay,
  FreshetError,
  systemClock,
  systemRandom,
  type Backoff,
  type Clock,
  type Random,
} from '@freshet/core'
import { RaindexClientError } from '../client-error.ts'
import { createRpcNode, type RpcCall, type RpcNode } from './rpc-node.ts'
import { RpcFault } from './rpc-fault.ts'
import type { RpcFetch } from './send-over-fetch.ts'

export type RpcPoolOptions = {
  readonly chainId: number
  /** Addresses of nodes, the preferred one first. */
  readonly rpcs: readonly string[]
  /** What sends requests. Default the platform's HTTP client: in Node its own, elsewhere `fetch`. */
  readonly fetch?: RpcFetch | undefined
  /** Requests under way at once. Default 10. */
  readonly maxConcurrent?: number | undefined
  /** How often a request is tried in all. Default 6. */
  readonly attempts?: number | undefined
  /** Waits between attempts. Default 500 ms, doubling up to 30 s, give or take a fifth. */
  readonly backoff?: Backoff | undefined
  /** How long a node that asked to be left alone is left alone, where it does not say. Default 10,000. */
  readonly rateLimitDelayMs?: number | undefined
  /** Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Largest answer that is taken. Default 64 MiB. */
  readonly maxAnswerBytes?: number | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Told of each fault, and of what follows from it. */
  readonly onFault?: ((fault: RpcFaultNotice) => void) | undefined
}

export type RpcFaultNotice = {
  /** Host of the node. */
  readonly node: string
  readonly fault: RpcFault
  /** How long nothing is asked, in milliseconds; 0 when another node is asked at once. */
  readonly waitMs: number
}

/** Nodes of one chain, asked as if they were one that is always there. */
export interface RpcPool {
  readonly chainId: number
  /**
   * Sends calls as one request to one node, and to others while that fails.
   *
   * @param read - Checks and reads the results; what it throws as `bad-answer` is the node's fault.
   * @param options.mayShrink - Throws `too-large` and `timeout` at once, for a caller who can ask for less.
   * @throws {RpcFault} the last fault, when all attempts failed.
   * @throws {RaindexClientError} `WrongChain`: none of the nodes belongs to the chain.
   */
  ask<T>(
    calls: readonly RpcCall[],
    read: (results: readonly unknown[]) => T,
    options: { readonly signal: AbortSignal; readonly mayShrink?: boolean | undefined },
  ): Promise<T>
}

const defaultWaits: Backoff = { baseMs: 500, capMs: 30_000, jitter: 0.2 }

type PooledNode = {
  readonly node: RpcNode
  /** Undefined until it has said which chain it is of. */
  verified: boolean | undefined
  /** Nothing is asked before this time. */
  restingUntilUnixMs: number
}

/**
 * Makes a pool of nodes.
 *
 * @throws {RangeError} when no address is given.
 */
export function createRpcPool(options: RpcPoolOptions): RpcPool {
  const { chainId, rpcs, fetch, maxConcurrent = 10, attempts = 6, backoff = defaultWaits } = options
  const { timeoutMs = 30_000, maxAnswerBytes = 64 * 2 ** 20, rateLimitDelayMs = 10_000 } = options
  const { clock = systemClock, random = systemRandom, onFault } = options
  if (rpcs.length === 0) throw new RangeError('Give the address of at least one node.')
  const nodes = rpcs.map((url): PooledNode => {
    const node = createRpcNode({ url, fetch, timeoutMs, maxAnswerBytes, clock })
    return { node, verified: undefined, restingUntilUnixMs: 0 }
  })
  const gate = createGate(maxConcurrent)

  /** Of the nodes that may be of the chain, the one that is asked soonest; the earlier of equals. */
  const pick = (): PooledNode => {
    const usable = nodes.filter(({ verified }) => verified !== false)
    const resting = (pooled: PooledNode): number => Math.max(pooled.restingUntilUnixMs, clock.now())
    const [first] = usable.toSorted((a, b) => resting(a) - resting(b))
    if (first === undefined) throw wrongChain(chainId)
    return first
  }
  const verify = async (pooled: PooledNode, signal: AbortSignal): Promise<void> => {
    if (pooled.verified !== undefined) return
    const [answer] = await pooled.node.request([{ method: 'eth_chainId', params: [] }], signal)
    const id = typeof answer === 'string' && /^0x[0-9a-f]{1,13}$/i.test(answer) ? Number(answer) : undefined
    if (id === undefined) throw new RpcFault('bad-answer', 'The node does not say which chain it is of.')
    pooled.verified = id === chainId
  }
  /** Lets a node rest; how long until any node may be asked. */
  const rest = (pooled: PooledNode, fault: RpcFault, attempt: number): number => {
    const limited = fault.fault === 'rate-limited'
    const asked = fault.retryAfterMs ?? rateLimitDelayMs
    const waitMs = limited ? asked : backoffMs(backoff, attempt, random)
    pooled.restingUntilUnixMs = clock.now() + waitMs
    return Math.max(0, pick().restingUntilUnixMs - clock.now())
  }

  /** Asking again does not change the mind of a node that refuses; another may have another. */
  const attemptsFor = ({ fault }: RpcFault): number =>
    fault === 'refused' || fault === 'too-large' ? Math.min(attempts, nodes.length) : attempts

  return {
    chainId,
    async ask(calls, read, { signal, mayShrink = false }) {
      for (let attempt = 0; ; attempt++) {
        const pooled = pick()
        await waitUntil(clock, pooled.restingUntilUnixMs, signal)
        const leave = await gate.enter()
        try {
          signal.throwIfAborted()
          await verify(pooled, signal)
          if (pooled.verified) return read(await pooled.node.request(calls, signal))
        } catch (error) {
          signal.throwIfAborted()
          const fault = asFault(error)
          const last = attempt + 1 >= attemptsFor(fault) || isFinal(fault, mayShrink)
          const waitMs = last ? 0 : rest(pooled, fault, attempt)
          onFault?.({ node: pooled.node.name, fault, waitMs })
          if (last) throw fault
        } finally {
          leave()
        }
      }
    },
  }
}

function isFinal({ fault }: RpcFault, mayShrink: boolean): boolean {
  return mayShrink && (fault === 'too-large' || fault === 'timeout')
}

/** What a reader throws of its own is the answer's fault too. */
function asFault(error: unknown): RpcFault {
  if (error instanceof RpcFault) return error
  if (error instanceof RaindexClientError && error.retryable) {
    return new RpcFault('transport', error.message, { cause: error })
  }
  if (error instanceof FreshetError && error.kind !== 'protocol') throw error
  const message = error instanceof Error ? error.message : String(error)
  return new RpcFault('bad-answer', `The node says something impossible: ${message}`, { cause: error })
}

async function waitUntil(clock: Clock, unixMs: number, signal: AbortSignal): Promise<void> {
  const waitMs = unixMs - clock.now()
  if (waitMs > 0) await delay(clock, waitMs, signal)
  signal.throwIfAborted()
}

/** Lets in a number of callers at a time, in the order they came. */
function createGate(places: number): { enter(): Promise<() => void> } {
  const waiting: (() => void)[] = []
  let free = places
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    async enter() {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return leave
    },
  }
}

function wrongChain(chainId: number): RaindexClientError {
  const message = `None of the nodes belongs to chain ${chainId}. Give the address of one that does, or the chain's own number.`
  return new RaindexClientError('WrongChain', { message, details: { chainId } })
}
