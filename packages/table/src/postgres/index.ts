export { describePostgresTables } from './describe-tables.ts'
export { openPostgresDatabase } from './postgres-database.ts'
export type { PostgresDatabaseOptions } from './postgres-database.ts'
export { dropReplicationSlot, slotName } from './replication-slot.ts'
