export { createReactiveClient } from '@freshet/torii'
