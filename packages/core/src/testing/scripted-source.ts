import type { RowFact } from '../batch.ts'
import type { PageRequest, Resume, Source, SourceCapabilities, StreamItem } from '../source.ts'
import type { Row } from '../value.ts'
import { createPushQueue, type PushQueue } from './push-queue.ts'
import { factOf, pageById, toyTable } from './toy-table.ts'

export type ScriptedSource<F> = {
  readonly source: Source<F>
  /** What the remote holds. */
  readonly rows: Map<string, Row>
  /** What was asked, in order: `stream`, `page`, `get a,b`. */
  readonly asked: string[]
  /** What each stream was asked to go on from. */
  readonly resumes: (Resume | null)[]
  /** Tells the stream that is open, if one is. */
  push(...items: StreamItem<F>[]): void
  end(error?: Error): void
  /** The next requests run this before they answer; it may throw, or never end. */
  beforeNext(...scripts: (() => Promise<void>)[]): void
}

/** A source that says what a test tells it to, over one table. */
export function createScriptedSource<F = RowFact>(
  capabilities: Partial<SourceCapabilities> = {},
): ScriptedSource<F> {
  const rows = new Map<string, Row>()
  const asked: string[] = []
  const resumes: (Resume | null)[] = []
  const scripts: (() => Promise<void>)[] = []
  let open: PushQueue<StreamItem<F>> | undefined

  return {
    rows,
    asked,
    resumes,
    push(...items) {
      for (const item of items) open?.push(item)
    },
    end: (error) => open?.end(error),
    beforeNext: (...next) => void scripts.push(...next),
    source: {
      capabilities: { kind: 'state', lossless: true, resumable: false, ...capabilities },
      async page({ cursor, limit }: PageRequest) {
        asked.push('page')
        await scripts.shift()?.()
        return pageById(rows, cursor, limit)
      },
      async get(_, ids) {
        asked.push(`get ${ids.join(',')}`)
        await scripts.shift()?.()
        return ids.map((id) => factOf(toyTable, id, rows.get(id)))
      },
      stream(resume, signal) {
        asked.push('stream')
        resumes.push(resume)
        const stream = createPushQueue<StreamItem<F>>(signal)
        open = stream
        return stream
      },
    },
  }
}
