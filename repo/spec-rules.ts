import { filesOf, textOf } from './tree.ts'

/** One numbered rule of a package: a line `- [ST3] text` of its SPEC.md. */
export type Rule = { readonly id: string; readonly file: string; readonly line: number }

/** One rule cited by the title of a test: `test('[ST3] a crash between …'`. */
export type Citation = { readonly id: string; readonly file: string; readonly line: number }

const ruleLine = /^\s*[-*] \[([A-Z]{1,4}\d+)\] \S/
const citedIds = /['"`]((?:\[[A-Z]{1,4}\d+(?:, ?[A-Z]{1,4}\d+)*\] ?)+)/g

export function rulesIn(file: string, text: string): readonly Rule[] {
  return text.split('\n').flatMap((content, index) => {
    const id = ruleLine.exec(content)?.[1]
    return id === undefined ? [] : [{ id, file, line: index + 1 }]
  })
}

/** Citations at the start of any string, because contract suites keep their titles outside test files. */
export function citationsIn(file: string, text: string): readonly Citation[] {
  return text
    .split('\n')
    .flatMap((content, index) =>
      [...content.matchAll(citedIds)].flatMap(([, ids = '']) =>
        [...ids.matchAll(/[A-Z]{1,4}\d+/g)].map(([id]) => ({ id, file, line: index + 1 })),
      ),
    )
}

export function allRules(): readonly Rule[] {
  return filesOf('{packages,apps}/*/SPEC.md').flatMap((file) => rulesIn(file, textOf(file)))
}

export function allCitations(): readonly Citation[] {
  const files = filesOf(
    '{packages,apps}/**/*.{test,test-d}.{ts,tsx}',
    '{packages,apps}/*/src/**/testing/**/*.ts',
  )
  return files.flatMap((file) => citationsIn(file, textOf(file)))
}
