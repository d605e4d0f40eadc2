import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** What every harness module exports as `converge`. */
export type Converge = (options: {
  readonly seed: number
  readonly histories: number
  /** Id of one rule to switch off, to show that the harness notices. */
  readonly without?: string | undefined
  readonly onProgress?: ((historiesDone: number) => void) | undefined
}) => Promise<{
  readonly histories: number
  /** Rows that differed from the remote once everything was quiet. 0 is the only good answer. */
  readonly wrong: number
  /** The shrunk history of the first failing seed. */
  readonly report?: string | undefined
}>

/** A harness by name, and the module that holds it, relative to the root of the repository. */
export type Harness = { readonly name: string; readonly module: string; readonly what: string }

export type ConvergeIo = {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** Rewrites one line of progress; undefined where no person is watching. */
  readonly progress?: ((text: string) => void) | undefined
}

export const harnesses: readonly Harness[] = [
  {
    name: 'kernel',
    module: 'repo/converge-kernel.ts',
    what: 'three toy sources, faults and restarts on the one core',
  },
  {
    name: 'views',
    module: 'packages/core/src/testing/converge-views.ts',
    what: 'a view against its recomputation after every step',
  },
  {
    name: 'table',
    module: 'packages/table/src/testing/converge-table.ts',
    what: 'live tables, their writes and caches against the master',
  },
  {
    name: 'sessions',
    module: 'packages/table/src/testing/converge-sessions.ts',
    what: 'users who edit, save, crash and come back, against what they were promised',
  },
  {
    name: 'torii',
    module: 'packages/torii/src/testing/converge.ts',
    what: 'a world through partial updates, faults, restarts and crashes',
  },
  {
    name: 'evm',
    module: 'packages/evm/src/testing/converge.ts',
    what: 'the WebAssembly EVM against the reference engine',
  },
  {
    name: 'raindex',
    module: 'packages/raindex/src/testing/converge-raindex.ts',
    what: 'a live order book against a replay of the canonical blocks',
  },
  {
    name: 'raindex-chain',
    module: 'packages/raindex/src/testing/converge-raindex-chain.ts',
    what: 'an order book read from nodes that fork, lie, stall and vanish',
  },
]

/**
 * Runs one convergence harness from the command line and prints `NAME: N histories, M wrong rows`.
 *
 * @returns Exit code: 0 when nothing was wrong, 1 when rows were, 2 for a call that cannot be served.
 */
export async function runConverge(
  args: readonly string[],
  io: ConvergeIo,
  known: readonly Harness[] = harnesses,
): Promise<number> {
  const call = parseCall(args)
  if (call.kind === 'help') {
    io.out(help(known))
    return 0
  }
  if (call.kind === 'mistake') return refuse(io, call.sentence)
  const harness = known.find((candidate) => candidate.name === call.name)
  if (!harness) return refuse(io, `There is no harness named ${call.name}. ${namesOf(known)}`)
  const file = new URL(`../${harness.module}`, import.meta.url)
  if (!existsSync(file)) {
    return refuse(io, `The harness ${harness.name} is not part of this tree: ${harness.module} is missing.`)
  }
  const converge = await loadConverge(file)
  if (!converge) return refuse(io, `${harness.module} does not export a function named converge.`)
  const { progress } = io
  const playing = converge({
    seed: call.seed,
    histories: call.histories,
    without: call.without,
    onProgress: progress && ((done) => progress(`${harness.name}: ${done} of ${call.histories} histories`)),
  })
  const played = await playing.catch((error: unknown) => {
    // A harness refuses a rule that it does not know and names those it knows; anything else is a defect.
    if (error instanceof RangeError) return error.message
    throw error
  })
  progress?.('')
  if (typeof played === 'string') return refuse(io, played)
  const { histories, wrong, report } = played
  if (wrong !== 0 && report !== undefined) io.out(report)
  io.out(`${harness.name}: ${histories} histories, ${wrong} wrong rows`)
  return wrong === 0 ? 0 : 1
}

type Call =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly sentence: string }
  | {
      readonly kind: 'run'
      readonly name: string
      readonly seed: number
      readonly histories: number
      readonly without: string | undefined
    }

function parseCall(args: readonly string[]): Call {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: '1' },
        histories: { type: 'string', default: '1000' },
        without: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help) return { kind: 'help' }
    const [name, ...rest] = positionals
    if (name === undefined || rest.length > 0) {
      return mistake('Name exactly one harness. See npm run converge -- --help.')
    }
    for (const option of ['seed', 'histories'] as const) {
      if (!isCount(values[option])) return mistake(`--${option} takes a whole number, not ${values[option]}.`)
    }
    const [seed, histories] = [Number(values.seed), Number(values.histories)]
    return { kind: 'run', name, seed, histories, without: values.without }
  } catch (error) {
    return mistake(error instanceof Error ? error.message : String(error))
  }
}

function mistake(sentence: string): Call {
  return { kind: 'mistake', sentence }
}

function isCount(text: string): boolean {
  return /^\d{1,15}$/.test(text)
}

async function loadConverge(file: URL): Promise<Converge | undefined> {
  const module: unknown = await import(file.href)
  if (typeof module !== 'object' || module === null || !('converge' in module)) return undefined
  if (typeof module.converge !== 'function') return undefined
  // The harness was compiled against its own copy of this signature; a function is all that can be seen here.
  return module.converge as Converge
}

function refuse(io: ConvergeIo, sentence: string): number {
  io.err(sentence)
  return 2
}

function namesOf(known: readonly Harness[]): string {
  return `Names: ${known.map((harness) => harness.name).join(', ')}.`
}

function help(known: readonly Harness[]): string {
  const lines = known.map((harness) => `  ${harness.name.padEnd(8)} ${harness.what}`)
  return `npm run converge -- NAME [--seed S] [--histories N] [--without RULE]

Plays N random histories of writes, events, faults and restarts from seed S and compares the end with
the truth. Prints "NAME: N histories, M wrong rows" and exits with 1 when M is not 0, after the shrunk
history of the first failing seed. --without RULE switches one rule off, to see that it is needed.

${lines.join('\n')}

Defaults: --seed 1 --histories 1000`
}

if (import.meta.main) {
  const { stderr } = process
  process.exitCode = await runConverge(process.argv.slice(2), {
    out: (line) => console.log(line),
    err: (line) => console.error(line),
    progress: stderr.isTTY ? (text) => void stderr.write(`\r\u001b[K${text}`) : undefined,
  })
}
