import { openStudioServer, type StudioServer } from '@freshet/cli/studio'

/** Serves the built page for what needs no database. */
export function openServerWithoutTables(app: string, title: string): Promise<StudioServer> {
  const remote = { url: 'ws://127.0.0.1:4000', namespace: 'none', database: 'none' }
  const cacheName = `${title.toLowerCase()}-story`
  return openStudioServer({ app, port: 0, config: { title, cacheName, remote, tables: {}, demo: false } })
}
