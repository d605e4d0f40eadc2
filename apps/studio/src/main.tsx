import { StrictMode, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { openTables } from './data/open-tables.ts'
import { createDemoLink } from './demo/demo-link.ts'
import { App } from './shell/app.tsx'
import { FaultPage } from './shell/fault-page.tsx'
import { readStudioConfig } from './studio-config.ts'
import './studio.css'

const root = createRoot(document.getElementById('studio') ?? document.body)

function show(page: ReactNode): void {
  root.render(<StrictMode>{page}</StrictMode>)
}

try {
  const config = readStudioConfig(document)
  const demo = config.demo ? createDemoLink() : undefined
  document.title = `${config.title} · Freshet`
  show(<App config={config} tables={await openTables(config)} demo={demo} />)
} catch (error) {
  show(<FaultPage message={error instanceof Error ? error.message : String(error)} />)
}
