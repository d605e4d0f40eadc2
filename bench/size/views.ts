// What an application needs that keeps its own rows and wants live queries over them.
export { createCollection } from '@freshet/core'
