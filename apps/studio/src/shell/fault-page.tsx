/** Shown instead of everything when Studio cannot start. */
export function FaultPage({ message }: { readonly message: string }) {
  return (
    <main className="empty" role="alert">
      <p>
        <b>Studio cannot start.</b>
      </p>
      <p>{message}</p>
    </main>
  )
}
