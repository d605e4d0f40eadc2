/**
 * What an outside source of events can say about a table. `changed` names
 * nothing: anything may have moved.
 */
export type LiveEvent =
  | { readonly kind: 'changed' }
  | { readonly kind: 'inserted'; readonly id: string }
  | { readonly kind: 'updated'; readonly id: string }
  | { readonly kind: 'deleted'; readonly id: string }

/**
 * A push source beside the master: a message queue, a webhook, a test. It
 * carries hints, not rows; the rows are read from the master.
 */
export interface LiveStream {
  /** Events from now on. Any end that the signal did not ask for is a gap, after which the table subscribes again [S4]. */
  subscribe(signal: AbortSignal): AsyncIterable<LiveEvent>
}

/** A stream that a program or a test pushes events into. */
export type ManualLiveStream = LiveStream & {
  /** Sends an event to everyone who is subscribed now; returns how many that are. */
  push(event: LiveEvent): number
  /** Ends all subscriptions, as a lost connection would. */
  cut(): void
}

export function createManualLiveStream(): ManualLiveStream {
  const subscriptions = new Set<Subscription>()
  return {
    push(event) {
      for (const subscription of subscriptions) subscription.push(event)
      return subscriptions.size
    },
    cut() {
      for (const subscription of subscriptions) subscription.end()
    },
    subscribe(signal) {
      const subscription = createSubscription(signal, () => subscriptions.delete(subscription))
      subscriptions.add(subscription)
      return subscription.events
    },
  }
}

type Subscription = { push(event: LiveEvent): void; end(): void; readonly events: AsyncIterable<LiveEvent> }

function createSubscription(signal: AbortSignal, onEnd: () => void): Subscription {
  const queued: LiveEvent[] = []
  let ended = signal.aborted
  let wake = (): void => {}
  const end = (): void => {
    ended = true
    onEnd()
    wake()
  }
  signal.addEventListener('abort', end)

  async function* events(): AsyncGenerator<LiveEvent> {
    try {
      for (;;) {
        const event = queued.shift()
        if (event !== undefined) yield event
        else if (ended) return
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    } finally {
      signal.removeEventListener('abort', end)
      onEnd()
    }
  }
  return {
    end,
    events: events(),
    push(event) {
      queued.push(event)
      wake()
    },
  }
}
