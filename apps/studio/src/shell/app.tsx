import type { StudioConfig } from '@freshet/cli/studio'
import { Suspense, useEffect, useRef, type RefObject } from 'react'
import type { StudioTable } from '../data/studio-table.ts'
import { DemoBar } from '../demo/demo-bar.tsx'
import type { DemoLink } from '../demo/demo-link.ts'
import { pageOf, studioPages } from './studio-pages.ts'
import { TablePage } from './table-page.tsx'
import { ThemeToggle } from './theme-toggle.tsx'
import { useHash } from './use-hash.ts'

export type AppProps = {
  readonly config: StudioConfig
  readonly tables: readonly StudioTable[]
  readonly demo: DemoLink | undefined
}

/** The whole of Studio: which tables there are, the one that is open, the demo's switches. */
export function App({ config, tables, demo }: AppProps) {
  const [hash, setHash] = useHash()
  const page = pageOf(hash)
  const table = page === undefined ? (tables.find(({ name }) => name === hash) ?? tables[0]) : undefined
  const nav = useCurrentInSight(hash)
  return (
    <>
      <header className="top">
        <span className="brand">
          <img src="/freshet.svg" alt="" width="18" height="18" /> Freshet
        </span>
        <h1>{config.title}</h1>
        <nav
          ref={nav}
          aria-label="Pages"
          onFocus={({ target }) => target.scrollIntoView({ block: 'nearest', inline: 'nearest' })}
        >
          {tables.map(({ name }) => (
            <button
              key={name}
              type="button"
              className="tab"
              aria-current={name === table?.name ? 'page' : undefined}
              onClick={() => setHash(name)}
            >
              {name}
            </button>
          ))}
          {studioPages.map(({ path, title }) => (
            <button
              key={path}
              type="button"
              className="tab"
              aria-current={path === page?.path ? 'page' : undefined}
              onClick={() => setHash(path)}
            >
              {title}
            </button>
          ))}
        </nav>
        <ThemeToggle />
      </header>
      {page && (
        <Suspense fallback={<p className="empty">Loading…</p>}>
          {/* Another link to the same page opens what it names. */}
          <page.Page key={hash} config={config} demo={demo} />
        </Suspense>
      )}
      {table && <TablePage key={table.name} table={table} />}
      {!page && !table && <p className="empty">There are no tables.</p>}
      {/* Its switches are those of the tables' database. */}
      {demo && !page && <DemoBar link={demo} />}
    </>
  )
}

/** In a narrow window not all pages have room: the current one is scrolled to. */
function useCurrentInSight(current: string): RefObject<HTMLElement | null> {
  const nav = useRef<HTMLElement>(null)
  useEffect(() => {
    if (nav.current === null) return undefined
    const list = nav.current
    const sizes = new ResizeObserver(() =>
      list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
    )
    // Told at once, and whenever its size changes.
    sizes.observe(list)
    return () => sizes.disconnect()
  }, [current])
  return nav
}
