import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The condition `source` resolves our packages to their TypeScript, so that the app needs no build of theirs.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  build: {
    target: 'es2024',
    // Everything is a file of its own, as the content security policy of the server wants it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_000,
  },
})
