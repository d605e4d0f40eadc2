import type { BenchRow } from './bench-row.ts'

/** Rows as an aligned table for people: what, measured, bound, verdict, note. */
export function renderRows(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.name,
    figure(row.measured),
    `${row.better === 'lower' ? '≤' : '≥'} ${figure(row.bound)}`,
    row.holds ? 'holds' : 'DOES NOT HOLD',
    row.note ?? '',
  ])
  const table = [['what', 'measured', 'bound', '', 'note'], ...cells]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((line) => (line[column] ?? '').length)))
  return table.map((line) => `  ${alignLine(line, widths)}`.trimEnd()).join('\n')
}

function alignLine(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, column) => {
      const width = widths[column] ?? 0
      return column === 1 || column === 2 ? cell.padStart(width) : cell.padEnd(width)
    })
    .join('  ')
}

/** Three significant digits, thousands grouped. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  return value.toLocaleString('en', { maximumSignificantDigits: Math.abs(value) >= 1000 ? 6 : 3 })
}
