import { expect, test } from 'vitest'
import { bytesToBigInt, type Hex } from '../bytes.ts'
import { assemble } from '../testing/tiny-assembler.ts'
import { createWasmEvm } from './wasm-evm.ts'

const target: Hex = '0x1000000000000000000000000000000000000001'
const call = { to: target, from: target, data: '0x', gas: 1_000_000n } as const

test('[EV12] in a tab the engine runs in WebAssembly', async () => {
  const evm = await createWasmEvm()
  evm.setCode(target, assemble('0x6 0x7 MUL return'))
  expect(evm.name).toBe('wasm')
  expect(bytesToBigInt(evm.staticCall(call).output)).toBe(42n)
})

test('[EV12] under a policy that forbids WebAssembly it runs in JavaScript, with the same answers', async () => {
  const frame = document.createElement('iframe')
  // A document that may run our modules, and nothing that is compiled at run time.
  const policy = `script-src 'self' 'unsafe-inline' ${location.origin}`
  const module = new URL('./wasm-evm.ts', import.meta.url).href
  const code = assemble('0x6 0x7 MUL return')
  frame.srcdoc = `<!doctype html>
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <script>
      // The test runner routes dynamic imports of modules it serves through this.
      window.__vitest_browser_runner__ = { wrapDynamicImport: (load) => load() }
    </script>
    <script type="module">
      const report = (message) => parent.postMessage({ evm: message }, '*')
      try {
        const { createWasmEvm } = await import('${module}')
        const evm = await createWasmEvm()
        evm.setCode('${target}', '${code}')
        const call = { to: '${target}', from: '${target}', data: '0x', gas: 1000000n }
        const forced = await createWasmEvm({ runtime: 'wasm' }).catch((error) => error.code)
        report({ name: evm.name, output: [...evm.staticCall(call).output], forced })
      } catch (error) { report({ error: String(error) }) }
    </script>`
  const answered = new Promise((resolve) => {
    window.addEventListener('message', (event: MessageEvent) => {
      // Other frames of the test runner post too.
      const data: unknown = event.data
      if (typeof data === 'object' && data !== null && 'evm' in data) resolve(data.evm)
    })
  })
  document.body.append(frame)
  const output = Array.from({ length: 32 }, (_, index) => (index === 31 ? 42 : 0))
  expect(await answered).toEqual({ name: 'javascript', output, forced: 'evm/no-wasm' })
  frame.remove()
})
