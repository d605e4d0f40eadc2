import { installChromium } from './chromium.ts'

/**
 * Runs once before the browser tests. A failed installation is printed and the run goes on: the browser
 * tests then fail on their missing browser, and the others still report.
 */
export function setup(): void {
  try {
    installChromium()
  } catch (error) {
    console.error(error)
  }
}
