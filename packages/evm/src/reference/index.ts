export { createReferenceEvm } from './create-reference.ts'
export { withReference, type Divergence, type WithReferenceOptions } from './with-reference.ts'
