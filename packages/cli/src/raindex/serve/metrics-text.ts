import type { BookHealth } from './book-json.ts'

/** What a server counts of itself. */
export type ServerCounts = {
  readonly requests: number
  readonly refused: number
  readonly listeners: number
  readonly quotesEvaluated: number
}

type BookFigure = readonly [
  name: string,
  help: string,
  of: (book: BookHealth) => number | null,
  type?: 'counter',
]

/** Figures in the text format of Prometheus, version 0.0.4. */
export function metricsText(books: readonly BookHealth[], counts: ServerCounts): string {
  const ofBooks: readonly BookFigure[] = [
    ['freshet_book_block', 'Block that the state is of.', ({ block }) => block],
    ['freshet_book_head_block', 'Newest block that the chain has told of.', ({ head }) => head],
    ['freshet_book_behind_blocks', 'Blocks between the two.', ({ behind }) => behind],
    ['freshet_book_age_seconds', 'Age of the block.', ({ ageMs }) => (ageMs === null ? null : ageMs / 1_000)],
    ['freshet_book_healthy', 'Whether it follows its chain.', ({ isHealthy }) => Number(isHealthy)],
    ['freshet_book_orders', 'Live orders.', ({ orders }) => orders],
    ['freshet_book_vaults', 'Vaults with a balance.', ({ vaults }) => vaults],
    ['freshet_book_missing_code', 'Pieces of code that orders wait for.', ({ missingCode }) => missingCode],
    [
      'freshet_book_writer',
      'Whether this process reads the chain for the others.',
      ({ role }) => (role === null ? null : Number(role === 'writer')),
    ],
    [
      'freshet_book_bytecode_fetches_total',
      'Pieces of code read from the chain.',
      ({ bytecodeFetches }) => bytecodeFetches,
      'counter',
    ],
    [
      'freshet_book_snapshot_loads_total',
      'Snapshots taken up instead of all events.',
      ({ snapshotLoads }) => snapshotLoads,
      'counter',
    ],
    [
      'freshet_book_divergences_total',
      'Quotes that the chain has answered otherwise, at the same block.',
      ({ divergences }) => divergences,
      'counter',
    ],
  ]
  const lines = ofBooks.flatMap(([name, help, of, type = 'gauge']) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...books.flatMap((book) => {
      const value = of(book)
      return value === null ? [] : [`${name}{chain="${book.chainId}",orderbook="${book.orderbook}"} ${value}`]
    }),
  ])
  const counters = [
    ['freshet_requests_total', 'Requests answered.', 'counter', counts.requests],
    ['freshet_requests_refused_total', 'Requests refused.', 'counter', counts.refused],
    ['freshet_event_listeners', 'Open event streams.', 'gauge', counts.listeners],
    ['freshet_quotes_evaluated_total', 'Quotes computed.', 'counter', counts.quotesEvaluated],
  ] as const
  for (const [name, help, type, value] of counters) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`)
  }
  return `${lines.join('\n')}\n`
}
