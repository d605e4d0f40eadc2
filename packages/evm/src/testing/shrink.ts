import type { Program } from './program.ts'

/**
 * A smaller program that still fails. Bytes are replaced by JUMPDEST, which does nothing, so that jump targets
 * stay where they are; then what is behind the last effect is cut.
 */
export async function shrink(
  program: Program,
  fails: (program: Program) => Promise<boolean>,
): Promise<Program> {
  let best = { ...program, edges: false }
  if (!(await fails(best))) best = { ...program }
  const keep = async (candidate: Program): Promise<boolean> => {
    const worse = await fails(candidate)
    if (worse) best = candidate
    return worse
  }
  await keep({ ...best, data: new Uint8Array(0) })
  for (let which = best.codes.length - 1; which >= 0; which--) {
    await keep(withCode(best, which, new Uint8Array(0)))
    for (let size = 64; size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at < (best.codes[which]?.length ?? 0); at += size) {
        const code = best.codes[which] ?? new Uint8Array(0)
        const blank = code.slice().fill(0x5b, at, at + size)
        if (code.subarray(at, at + size).every((byte) => byte === 0x5b)) continue
        await keep(withCode(best, which, blank))
      }
    }
    for (;;) {
      const code = best.codes[which] ?? new Uint8Array(0)
      if (code.length === 0 || !(await keep(withCode(best, which, code.slice(0, -1))))) break
    }
  }
  return best
}

function withCode(program: Program, which: number, code: Uint8Array): Program {
  return { ...program, codes: program.codes.map((old, index) => (index === which ? code : old)) }
}
