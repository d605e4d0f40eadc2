import type { LocalBook } from '@freshet/raindex/testing'

/** A settings file that names each book, with the node of its chain, which is looked at often. */
export function settingsOf(books: Readonly<Record<string, LocalBook>>): string {
  const of = (lines: (name: string, book: LocalBook) => string): string =>
    Object.entries(books)
      .map(([name, book]) => lines(name, book))
      .join('')
  return `version: 6
networks:
${of((name, { url, chainId }) => `  chain-of-${name}:\n    rpcs: [${url}]\n    chain-id: ${chainId}\n`)}
raindexes:
${of((name, { orderbook, deployedAt }) => `  ${name}:\n    network: chain-of-${name}\n    address: "${orderbook.address}"\n    deployment-block: ${deployedAt}\n`)}
local-db-sync:
${of(
  (name) => `  chain-of-${name}:
    batch-size: 50
    max-concurrent-batches: 2
    retry-attempts: 2
    retry-delay-ms: 50
    rate-limit-delay-ms: 50
    finality-depth: 8
    bootstrap-block-threshold: 100
    sync-interval-ms: 50
`,
)}`
}
