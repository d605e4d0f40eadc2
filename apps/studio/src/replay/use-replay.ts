import { FreshetError } from '@freshet/core'
import type { ReplayRun, ReplayWorkers } from '@freshet/raindex/client'
import type { Address, Bytes32 } from '@freshet/raindex/engine'
import { useEffect, useState } from 'react'
import type { OpenedReplay } from './replay-subject.ts'

/** Who asks for the quotes: as nobody in particular, like the public client. */
export const counterparty: Address = `0x${'0'.repeat(40)}`

export type OpenedBook =
  /** `share` of it is read, where that is known. */
  | { readonly kind: 'loading'; readonly share: number | undefined }
  | { readonly kind: 'failed'; readonly message: string }
  | ({ readonly kind: 'open' } & OpenedReplay)

export type OpenBook = (signal: AbortSignal, onShare: (share: number) => void) => Promise<OpenedReplay>

/** Opens the book; its worker ends with the page. Another `openBook` opens anew. */
export function useReplayBook(openBook: OpenBook): OpenedBook {
  const [opened, setOpened] = useState<{ readonly by: OpenBook; readonly book: OpenedBook }>()
  useEffect(() => {
    const abort = new AbortController()
    const set = (book: OpenedBook): void => {
      if (!abort.signal.aborted) setOpened({ by: openBook, book })
    }
    const open = async (): Promise<void> => {
      const { subject, replay } = await openBook(abort.signal, (share) => set({ kind: 'loading', share }))
      if (abort.signal.aborted) return replay.close()
      abort.signal.addEventListener('abort', () => replay.close())
      set({ kind: 'open', subject, replay })
    }
    open().catch((error: unknown) => set({ kind: 'failed', message: messageOf(error) }))
    return () => abort.abort()
  }, [openBook])
  return opened?.by === openBook ? opened.book : { kind: 'loading', share: undefined }
}

export type RunState =
  | { readonly kind: 'running'; readonly share: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'done'; readonly run: ReplayRun }

export type RunChoice = {
  readonly order: Bytes32
  readonly from: number
  readonly to: number
  readonly stepSeconds: number
}

/** Replays what was chosen first. For another choice, give the component another key; the run is cancelled with it. */
export function useReplayRun(replay: ReplayWorkers, { order, from, to, stepSeconds }: RunChoice): RunState {
  const [state, setState] = useState<RunState>({ kind: 'running', share: 0 })
  useEffect(() => {
    const abort = new AbortController()
    replay
      .run(
        { order, counterparty, from, to, stepSeconds },
        {
          signal: abort.signal,
          onProgress: ({ points, of }) => setState({ kind: 'running', share: points / of }),
        },
      )
      .then((run) => {
        if (!abort.signal.aborted) setState({ kind: 'done', run })
      })
      .catch((error: unknown) => {
        if (!abort.signal.aborted) setState({ kind: 'failed', message: messageOf(error) })
      })
    return () => abort.abort()
  }, [replay, order, from, to, stepSeconds])
  return state
}

function messageOf(error: unknown): string {
  // Its script comes from the server, too.
  if (error instanceof FreshetError && error.code === 'replay/worker-failed')
    return 'The worker that replays has failed, or could not be had from Studio’s server. Look whether that runs, and open this page again.'
  return error instanceof Error ? error.message : String(error)
}
