/** What a request of IndexedDB brings. */
export function brought<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    // A request that failed has an error.
    request.onerror = () => reject(request.error as DOMException)
  })
}

/** How a transaction ended: with nothing to say once it has completed, else with the reason why not. */
export function ended(transaction: IDBTransaction): Promise<DOMException | undefined> {
  return new Promise((resolve) => {
    transaction.oncomplete = () => resolve(undefined)
    transaction.onabort = () => resolve(transaction.error ?? new DOMException('aborted', 'AbortError'))
  })
}

/** Aborts a transaction that may have been aborted already, by the error that leads here. */
export function abortQuietly(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
  }
}
