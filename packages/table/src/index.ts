export * from './master.ts'
export * from './master-errors.ts'
export { tableSchema } from './master-schema.ts'
