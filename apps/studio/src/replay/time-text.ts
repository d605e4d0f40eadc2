/** Seconds since 1970 as a time of day in UTC, whole seconds. */
export function timeText(second: number): string {
  return new Date(Math.floor(second) * 1_000).toISOString().slice(11, 19)
}

/** With its day: `2026-11-18 10:00:00`. */
export function dayTimeText(second: number): string {
  return new Date(Math.floor(second) * 1_000).toISOString().slice(0, 19).replace('T', ' ')
}
