import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRaindexSettings } from './read-settings.ts'
import { SettingsError } from './settings-error.ts'

/** Two networks with an order book each, as public files are written. */
const good = `version: 6
networks:
  base:
    rpcs:
      - https://one.example
      - wss://two.example/ws
    chain-id: 8453
    network-id: 8453
    currency: ETH
  local:
    rpcs: [http://127.0.0.1:8545]
    chain-id: "31337"
subgraphs:
  base: https://subgraph.example/base
metaboards:
  base: https://metaboard.example/base
raindexes:
  base:
    address: 0x52CEB8eBEf648744fFDDE89F7Bc9C3aC35944775
    network: base
    subgraph: base
    deployment-block: 36667253
    local-db-remote: raindex
  local:
    address: "0x00000000000000000000000000000000000000a1"
    deployment-block: 0
    label: Mine
rainlangs:
  base:
    address: 0x6557778Db274f04B9E9f39F8Ff2D621c2036e978
    network: base
using-tokens-from:
  - https://tokens.example/all.json
local-db-remotes:
  raindex: https://dumps.example/manifest.yaml
local-db-sync:
  base:
    batch-size: 50
    max-concurrent-batches: 1
    retry-attempts: 3
    retry-delay-ms: 1000
    rate-limit-delay-ms: 5000
    finality-depth: 4
    bootstrap-block-threshold: 300
    sync-interval-ms: 5000
`

function mistakesIn(text: string): readonly string[] {
  try {
    readRaindexSettings(text)
    return []
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return error.mistakes.map(({ line, message }) => `${line}: ${message}`)
  }
}

const withLine = (from: string, to: string): string => good.replace(from, to)

test('[SE1] a public file is read as it is', () => {
  const { version, networks, raindexes, usingTokensFrom } = readRaindexSettings(good)
  expect(version).toBe(6)
  const [base, local] = networks
  expect(base).toEqual({
    name: 'base',
    chainId: 8_453,
    rpcs: ['https://one.example', 'wss://two.example/ws'],
    networkId: 8_453,
    currency: 'ETH',
    label: undefined,
  })
  expect(local).toMatchObject({ name: 'local', chainId: 31_337, rpcs: ['http://127.0.0.1:8545'] })
  expect(raindexes).toEqual([
    {
      name: 'base',
      // All of its digits: it is text, and no number.
      address: '0x52ceb8ebef648744ffdde89f7bc9c3ac35944775',
      network: base,
      deploymentBlock: 36_667_253,
      label: undefined,
      subgraph: 'https://subgraph.example/base',
      localDbRemote: 'https://dumps.example/manifest.yaml',
      localDbSync: {
        batchSize: 50,
        maxConcurrentBatches: 1,
        retryAttempts: 3,
        retryDelayMs: 1_000,
        rateLimitDelayMs: 5_000,
        finalityDepth: 4,
        bootstrapBlockThreshold: 300,
        syncIntervalMs: 5_000,
      },
    },
    {
      name: 'local',
      address: '0x00000000000000000000000000000000000000a1',
      network: local,
      deploymentBlock: 0,
      label: 'Mine',
      subgraph: undefined,
      localDbRemote: undefined,
      localDbSync: undefined,
    },
  ])
  expect(usingTokensFrom).toEqual(['https://tokens.example/all.json'])
})

test('[SE1] files of version 4 are read, with orderbooks, deployers and no interval', () => {
  const older = good
    .replace('version: 6', 'version: 4')
    .replace('raindexes:', 'orderbooks:')
    .replace('rainlangs:', 'deployers:')
    .replace('    sync-interval-ms: 5000\n', '')
  const { raindexes } = readRaindexSettings(older)
  expect(raindexes.map(({ name }) => name)).toEqual(['base', 'local'])
  expect(raindexes[0]?.localDbSync?.syncIntervalMs).toBe(5_000)
})

test('[SE2] a name that is not known is said with its line and the names that are', () => {
  expect(mistakesIn(withLine('    currency: ETH', '    curency: ETH'))).toEqual([
    '9: There is no setting "curency" in the network base. Settings: rpcs, chain-id, label, network-id, currency.',
  ])
  expect(mistakesIn(`${good}local-db-synk: {}\n`)).toEqual([
    expect.stringMatching(/^46: There is no setting "local-db-synk"/),
  ])
  expect(mistakesIn(withLine('    label: Mine', '    lable: Mine'))[0]).toMatch(
    /^27: .*"lable" in local of raindexes/,
  )
})

test('[SE2] each of the eight fields of a sync is needed and above zero', () => {
  const fields = good.match(/^ {4}[a-z-]+: \d+$/gm)?.slice(-8) ?? []
  expect(fields).toHaveLength(8)
  for (const field of fields) {
    const name = field.trim().split(':')[0] ?? ''
    expect(mistakesIn(withLine(`${field}\n`, ''))).toEqual([
      `37: ${name} is missing in local-db-sync of base.`,
    ])
    for (const wrong of ['0', '-1', '1.5', 'ten', '1e3']) {
      const [mistake] = mistakesIn(withLine(field, `    ${name}: ${wrong}`))
      expect(mistake).toContain(
        `${name} of local-db-sync of base must be a whole number of at least 1, not "${wrong}"`,
      )
    }
  }
})

test('[SE2] what is missing, wrong, or refers to nothing is said with its line', () => {
  const cases: readonly (readonly [from: string, to: string, mistake: RegExp])[] = [
    ['    chain-id: 8453\n', '', /^3: chain-id is missing in the network base/],
    ['https://one.example', 'one.example', /^5: An RPC of the network base must be an address/],
    ['https://one.example', 'file:///etc/passwd', /^5: An RPC/],
    [
      '    rpcs: [http://127.0.0.1:8545]',
      '    rpcs: http://127.0.0.1:8545',
      /^11: rpcs of the network local must be a list/,
    ],
    ['chain-id: 8453', 'chain-id: base', /^7: chain-id of the network base must be a whole number/],
    [
      '0x52CEB8eBEf648744fFDDE89F7Bc9C3aC35944775',
      '0x52CEB8',
      /^19: address of base of raindexes must be 0x and 40/,
    ],
    [
      '    network: base\n    subgraph',
      '    network: bass\n    subgraph',
      /^20: There is no bass in networks/,
    ],
    ['    subgraph: base', '    subgraph: bass', /^21: There is no bass in subgraphs/],
    ['local-db-remote: raindex', 'local-db-remote: other', /^23: There is no other in local-db-remotes/],
    ['    deployment-block: 36667253\n', '', /^19: deployment-block is missing in base of raindexes/],
    ['local-db-sync:\n  base:', 'local-db-sync:\n  other:', /There is no network other/],
    ['version: 6', 'version: 7', /^1: Version 7 is not known/],
    ['    currency: ETH', '    currency:', /^9: currency in the network base is empty/],
    ['    currency: ETH', '    currency: ETH\n    currency: ETH', /^10: Map keys must be unique/],
    ['  base:\n    rpcs', '  base: [\n    rpcs', /Mend the YAML/],
  ]
  for (const [from, to, mistake] of cases) {
    expect(good, from).toContain(from)
    expect(mistakesIn(withLine(from, to))[0], to).toMatch(mistake)
  }
  expect(mistakesIn('')).toEqual(['1: The file is empty. Give it networks.'])
  expect(mistakesIn('just text')).toEqual(expect.arrayContaining(['1: the file must be names with values.']))
})

test('[SE2] all that is wrong is said at once, in the order of the lines', () => {
  const text = withLine('chain-id: 8453', 'chain-id: x').replace('deployment-block: 0', 'deployment-block: y')
  expect(mistakesIn(text).map((mistake) => mistake.split(':')[0])).toEqual(['7', '26'])
})

test('[SE3] whatever a file holds, it is read or refused with lines of its own', () => {
  const lines = good.split('\n')
  const edited = fc
    .array(
      fc.tuple(
        fc.nat(lines.length - 1),
        fc.oneof(fc.string(), fc.constantFrom('- x', ': ', '&a *a', '? [', '{}')),
      ),
    )
    .map((edits) => {
      const changed = [...lines]
      for (const [at, line] of edits) changed[at] = line
      return changed.join('\n')
    })
  fc.assert(
    fc.property(edited, (text) => {
      const count = text.split(/\r\n|\n|\r/).length
      for (const mistake of mistakesIn(text))
        expect(Number(mistake.split(':')[0])).toBeLessThanOrEqual(count + 1)
    }),
    { numRuns: 200 },
  )
  expect(mistakesIn('a: &a [x]\nb: *a\n'.padEnd(1_000_001, '#'))[0]).toContain('longer than a megabyte')
})
