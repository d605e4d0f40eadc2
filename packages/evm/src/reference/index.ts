export { createReferenceEvm } from './reference-evm.ts'
