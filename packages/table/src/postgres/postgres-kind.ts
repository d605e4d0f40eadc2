/** What the driver knows of a PostgreSQL type: how its text is read, written and compared. */
export type PgKind = { readonly scalar: PgScalar; readonly isArray: boolean }

/** `other`: a type that is kept as the text PostgreSQL makes of it. */
export type PgScalar =
  | 'bool'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'float4'
  | 'float8'
  | 'numeric'
  | 'text'
  | 'bpchar'
  | 'bytea'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'uuid'
  | 'json'
  | 'jsonb'
  | 'interval'
  | 'other'

/** Object ids of types are fixed for those that come with PostgreSQL (src/include/catalog/pg_type.dat). */
const scalarOfOid: ReadonlyMap<number, PgScalar> = new Map<number, PgScalar>([
  [16, 'bool'],
  [17, 'bytea'],
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [25, 'text'],
  [114, 'json'],
  [700, 'float4'],
  [701, 'float8'],
  [1042, 'bpchar'],
  [1043, 'text'],
  [1082, 'date'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
  [1186, 'interval'],
  [1700, 'numeric'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
])

/** What `pg_type` says of a type; a domain stands on `base`, an array on `element`. */
export type PgTypeRow = { readonly oid: number; readonly base: number; readonly element: number }

/** The kinds of types by their object ids, looked up once each. */
export type TypeKinds = {
  kind(oid: number): PgKind | undefined
  /** Makes `kind` know all of these. */
  learn(oids: readonly number[]): Promise<void>
}

/** @param read - Reads these rows of `pg_type`. */
export function createTypeKinds(read: (oids: readonly number[]) => Promise<readonly PgTypeRow[]>): TypeKinds {
  const kinds = new Map<number, PgKind>()
  for (const [oid, scalar] of scalarOfOid) kinds.set(oid, { scalar, isArray: false })

  const learn = async (oids: readonly number[]): Promise<void> => {
    const unknown = [...new Set(oids)].filter((oid) => !kinds.has(oid))
    if (unknown.length === 0) return
    const rows = new Map((await read(unknown)).map((row) => [row.oid, row]))
    await learn([...rows.values()].flatMap(({ base, element }) => [base, element]).filter((oid) => oid > 0))
    for (const oid of unknown) {
      const row = rows.get(oid)
      const base = row && kinds.get(row.base)
      const element = row && kinds.get(row.element)
      if (base !== undefined) kinds.set(oid, base)
      else if (element !== undefined) kinds.set(oid, { scalar: element.scalar, isArray: true })
      else kinds.set(oid, { scalar: 'other', isArray: false })
    }
  }
  return { kind: (oid) => kinds.get(oid), learn }
}

/** Reads these rows of `pg_type`. */
export async function readTypes(
  run: (statement: {
    readonly text: string
    readonly values: readonly string[]
  }) => Promise<readonly (readonly (string | null)[])[]>,
  oids: readonly number[],
): Promise<readonly PgTypeRow[]> {
  const text = `
    SELECT oid, typbasetype, CASE WHEN typcategory = 'A' THEN typelem ELSE 0 END
    FROM pg_type WHERE oid = ANY ($1::oid[])`
  const rows = await run({ text, values: [`{${oids.join(',')}}`] })
  return rows.map(([oid, base, element]) => ({
    oid: Number(oid),
    base: Number(base),
    element: Number(element),
  }))
}
