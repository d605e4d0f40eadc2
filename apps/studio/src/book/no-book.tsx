import { replayPath } from '../replay/replay-address.ts'

/** Says that there is no local chain, and how to get one. */
export function NoBook({ why }: { readonly why: string | undefined }) {
  return (
    <main className="page">
      <div className="empty" role="status">
        <p>
          <b>{why === undefined ? 'There is no local chain here.' : 'The local chain did not start.'}</b>
        </p>
        {why !== undefined && <p>{why}</p>}
        <p>
          This page follows an order book on a chain of its own, which is run by <b>anvil</b>. On Linux x64{' '}
          <code>npm install</code> brings it as an optional dependency; elsewhere install Foundry, so that{' '}
          <code>anvil</code> is on the PATH, or name the file in <code>FRESHET_ANVIL</code>. Then run{' '}
          <code>npm start</code> again.
        </p>
        <p>
          What needs no chain: the <a href={`#${replayPath}`}>replay of a recorded book</a>.
        </p>
      </div>
    </main>
  )
}
