import { filesOf, textOf } from './tree.ts'

/** A fenced block of TypeScript in a document. */
export type Example = {
  /** Document, relative to the root. */
  readonly file: string
  /** Line of the first line of code, counted from 1. */
  readonly line: number
  readonly code: string
  /** False for a fence opened as ```ts no-run: it is compiled only. */
  readonly runs: boolean
}

const documents = ['README.md', 'ARCHITECTURE.md', 'docs/**/*.md', '{packages,apps}/*/README.md']

export function allExamples(): readonly Example[] {
  return filesOf(...documents).flatMap((file) => examplesIn(file, textOf(file)))
}

/** The fences ```ts and ```ts no-run of a document; those of other languages are left alone. */
export function examplesIn(file: string, text: string): readonly Example[] {
  const examples: Example[] = []
  let open:
    | { readonly fence: string; readonly info: string; readonly line: number; readonly code: string[] }
    | undefined
  for (const [index, line] of text.split('\n').entries()) {
    if (open) {
      if (line.trim() !== open.fence) {
        open.code.push(line)
        continue
      }
      const { info, code } = open
      if (info === 'ts' || info === 'ts no-run') {
        examples.push({ file, line: open.line, code: `${code.join('\n')}\n`, runs: info === 'ts' })
      }
      open = undefined
      continue
    }
    const [, fence, info = ''] = /^\s*(`{3,})\s*(.*)$/.exec(line) ?? []
    if (fence !== undefined) open = { fence, info: info.trim(), line: index + 2, code: [] }
  }
  return examples
}
