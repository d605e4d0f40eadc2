/** What a request of IndexedDB brings. */
export function brought<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    // A request that failed has an error.
    request.onerror = () => reject(request.error as DOMException)
  })
}

/** The result of the work once its transaction has completed, or the reason why not. */
export async function completed<T>(
  transaction: IDBTransaction,
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  const done = work(transaction)
  const fault = done.then(
    () => undefined,
    (error: unknown) => {
      abortQuietly(transaction)
      return error
    },
  )
  const { type } = await new Promise<Event>((resolve) => {
    transaction.oncomplete = transaction.onabort = resolve
  })
  // When the engine ended the transaction, its reason says more than the request that noticed.
  if (type === 'abort') throw transaction.error ?? (await fault)
  return done
}

/** Aborts a transaction that may have been aborted already, by the error that leads here. */
export function abortQuietly(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
  }
}
