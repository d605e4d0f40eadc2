/** Says that there is no world, and how to get one. */
export function NoWorld() {
  return (
    <main className="page">
      <div className="empty" role="status">
        <p>
          <b>There is no world here.</b>
        </p>
        <p>
          This page follows a Dojo world through its Torii. <code>npm start</code> brings one with it: a test
          server of Torii with a board of pieces.
        </p>
      </div>
    </main>
  )
}
