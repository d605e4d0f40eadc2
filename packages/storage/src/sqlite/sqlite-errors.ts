import { FreshetError, type FreshetErrorOptions } from '@freshet/core'

// Primary result codes, https://www.sqlite.org/rescode.html
const busy = 5
const locked = 6
const readOnly = 8
const ioError = 10
const corrupt = 11
const full = 13
const cannotOpen = 14
const notADatabase = 26

/** What SQLite said, as an error of the port that names the file and the remedy [ST10]. */
export function sqliteError(path: string, error: unknown): unknown {
  if (error instanceof FreshetError) return error
  const code = resultCode(error)
  if (code === undefined) return error
  return new FreshetError({ ...describe(path, code, String(error)), kind: 'storage', cause: error })
}

/** Runs `work` and gives SQLite's errors the port's codes. */
export function translating<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw sqliteError(path, error)
  }
}

type Description = Omit<FreshetErrorOptions, 'kind' | 'cause'>

function describe(path: string, code: number, detail: string): Description {
  switch (code) {
    case busy:
    case locked:
      return {
        code: 'storage/locked',
        message: `The store ${path} is in use by another process. Close that one, or open both with lock: 'shared'.`,
        retryable: true,
      }
    case full:
      return {
        code: 'storage/full',
        message: `The disk of the store ${path} is full, or its maxBytes are used up. Free space and try again; nothing of this write was kept.`,
        retryable: true,
      }
    case corrupt:
      return {
        code: 'storage/corrupt',
        message: `The store ${path} is damaged. Restore it from a copy, or delete it and fetch again.`,
      }
    case notADatabase:
      return {
        code: 'storage/corrupt',
        message: `The file ${path} is not a store, or its head is damaged. Move it away, or give another path.`,
      }
    case readOnly:
    case cannotOpen:
      return {
        code: 'storage/unavailable',
        message: `The store ${path} cannot be opened for writing. Check that its directory exists and that this user may write there.`,
      }
    case ioError:
      return {
        code: 'storage/unavailable',
        message: `Reading or writing the store ${path} failed. Check the disk and try again.`,
        retryable: true,
      }
    default:
      return {
        code: 'storage/unavailable',
        message: `The store ${path} refused a statement (${detail}). Another process may have changed its tables; open it again.`,
      }
  }
}

/** The primary code; extended codes carry it in their low byte. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined
  return error.errcode & 0xff
}
