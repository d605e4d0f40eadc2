import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chromium as bundled } from 'playwright'

const debianChromium = '/usr/bin/chromium'
const debianRemedy = 'Chromium is missing. Run: sudo apt-get update && sudo apt-get install -y chromium'

/** Flags for every Chromium the tests start: no sandbox (containers run as root), no traffic of its own. */
export const chromiumArgs: readonly string[] = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
]

/**
 * Path of the Chromium to test with: `FRESHET_CHROMIUM`, else Debian's, else the one Playwright installed.
 *
 * When none exists yet it is the path that {@link installChromium} fills, so that a configuration can be
 * written before the browser is there.
 */
export function chromiumPath(): string {
  const chosen = process.env['FRESHET_CHROMIUM']
  if (chosen !== undefined && chosen !== '') return chosen
  const downloaded = bundled.executablePath()
  if (!existsSync(debianChromium) && existsSync(downloaded)) return downloaded
  return debianChromium
}

/** Undefined when Chromium is there or {@link installChromium} may install it, else a sentence with the remedy. */
export function whyNoChromium(): string | undefined {
  const path = chromiumPath()
  if (existsSync(path)) return undefined
  if (process.env['FRESHET_CHROMIUM']) {
    return `FRESHET_CHROMIUM names ${path}, which does not exist. Point it at a Chromium or Chrome, or unset it.`
  }
  if (!isDebian()) return 'Chromium is missing. Run: npx playwright install chromium'
  return process.getuid?.() === 0 ? undefined : debianRemedy
}

/**
 * Installs Debian's Chromium unless one is there. Needs root; prints what it does.
 *
 * @throws Error when apt-get fails; the message names the command to run by hand.
 */
export function installChromium(): void {
  if (existsSync(chromiumPath())) return
  console.log('Chromium is missing; installing it for the browser tests (about 300 MB, a minute or two).')
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    console.log(`> apt-get ${args.join(' ')}`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 'inherit', 'inherit'], env })
    if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed. ${debianRemedy}`)
  }
  if (!existsSync(chromiumPath())) throw new Error(`apt-get left no ${chromiumPath()}. ${debianRemedy}`)
}

function isDebian(): boolean {
  if (!existsSync('/etc/os-release')) return false
  return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
}
