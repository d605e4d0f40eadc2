// Everything an application can import from the core.
export * from '@freshet/core'
