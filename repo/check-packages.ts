import { spawnSync } from 'node:child_process'
import { workspaces } from './packages.ts'
import { root } from './tree.ts'

const checks: readonly (readonly [tool: string, ...args: string[]])[] = [
  ['publint', '--strict'],
  ['attw', '--profile', 'esm-only', '--format', 'ascii', '--no-definitely-typed', '--pack'],
]

// Packs each public package as npm would and checks the shape and the types of what users get.
let failures = 0
for (const { name, folder, isPrivate } of workspaces()) {
  if (isPrivate) continue
  for (const [tool, ...args] of checks) {
    console.log(`\n> ${tool} ${name}`)
    const { status } = spawnSync(tool, [...args, folder], { cwd: root, stdio: 'inherit' })
    if (status !== 0) failures++
  }
}
console.log(`\n${failures === 0 ? 'All packages are in order.' : `${failures} checks failed.`}`)
process.exitCode = failures === 0 ? 0 : 1
