import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { chromiumArgs, chromiumPath, whyNoChromium } from './repo/chromium.ts'
import { closingLineReporter } from './repo/closing-line-reporter.ts'

const browserTests = '**/*.browser.test.{ts,tsx}'
// Wide, because a loaded machine must not fail a test; no test measures time.
const testTimeout = 30_000
const expect = { poll: { timeout: 20_000 } } as const
const ignored = ['**/node_modules/**', '**/dist/**']

// The condition `source` resolves our packages to their TypeScript, so that nothing needs to be built first.
const nodeConditions = ['source', 'module', 'node', 'development|production']
const browserConditions = ['source', 'module', 'browser', 'development|production']

// By default one processor is left idle, which on two of them doubles the time. Pages of one origin share locks,
// channels and databases, so that Chromium has its tests one after the other, and for itself.
const onAllProcessors = { maxWorkers: '100%', sequence: { groupOrder: 0 } } as const
const oneAfterTheOther = { maxWorkers: 1, sequence: { groupOrder: 1 } } as const

// V8 guards compiled code with memory protection keys where the processor has them, and aborts the whole process when
// threads that run WebAssembly come and go (rarely): "Check failed: jit_page.has_value()".
// https://github.com/nodejs/node/issues/64500
const withoutKeys = { execArgv: ['--no-memory-protection-keys'] }

const node: TestProjectInlineConfiguration = {
  resolve: { conditions: nodeConditions },
  ssr: { resolve: { conditions: nodeConditions } },
  test: {
    ...onAllProcessors,
    ...withoutKeys,
    name: 'node',
    include: ['packages/**/*.test.{ts,tsx}', 'apps/**/*.test.{ts,tsx}', 'bench/**/*.test.ts'],
    exclude: [...ignored, browserTests],
    globalSetup: ['./apps/studio/testing/share-build.ts'],
    testTimeout,
    expect,
    hookTimeout: testTimeout,
  },
}

const repo: TestProjectInlineConfiguration = {
  resolve: { conditions: nodeConditions },
  ssr: { resolve: { conditions: nodeConditions } },
  test: {
    ...onAllProcessors,
    name: 'repo',
    include: ['repo/*.test.ts'],
    testTimeout: 2 * testTimeout,
    hookTimeout: 2 * testTimeout,
  },
}

const browser: TestProjectInlineConfiguration = {
  resolve: { conditions: browserConditions },
  // Found only while a test loads, they would make the page reload under it.
  optimizeDeps: {
    include: [
      '@bufbuild/protobuf/wire',
      '@noble/curves/abstract/modular.js',
      '@noble/curves/abstract/poseidon.js',
      '@noble/hashes/sha2.js',
    ],
    // Finds its WebAssembly beside itself.
    exclude: ['@sqlite.org/sqlite-wasm'],
  },
  test: {
    ...oneAfterTheOther,
    name: 'browser',
    include: [browserTests],
    exclude: ignored,
    testTimeout,
    expect,
    hookTimeout: testTimeout,
    globalSetup: ['./repo/chromium-setup.ts', './packages/torii/src/testing/browser-server.ts'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath: chromiumPath(), args: [...chromiumArgs] } }),
      instances: [{ browser: 'chromium' }],
    },
  },
}

const browserWithoutChromium: TestProjectInlineConfiguration = {
  test: {
    ...oneAfterTheOther,
    name: 'browser',
    include: [browserTests],
    exclude: ignored,
    setupFiles: ['./repo/chromium-missing.ts'],
  },
}

export default defineConfig({
  test: {
    reporters: ['default', closingLineReporter],
    projects: [node, repo, whyNoChromium() === undefined ? browser : browserWithoutChromium],
  },
})
