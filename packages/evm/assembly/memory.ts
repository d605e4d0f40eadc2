// Linear memory in two parts. The heap holds what calls share (code, accounts, slots) and only grows, between
// calls. The arena above it belongs to the running call: frames, contract memory, entries made on the way.

/** First byte after the heap. */
export let heapTop: usize = __heap_base

/** First free byte of the arena. */
export let top: usize = 0

/** The arena may not be released below this: something outlives the frame it was made in. */
let pin: usize = 0

/** The arena of one call may not pass this many bytes. */
let arenaLimit: usize = 0

/** Start of the arena of this call. */
let arenaStart: usize = 0

/** Grows linear memory so that `end` is inside. False when it cannot. */
function reach(end: usize): bool {
  const have = (<usize>memory.size()) << 16
  if (end <= have) return true
  const pages = <i32>((end - have + 65535) >> 16)
  // A little more than asked for, so that a growing call does not grow memory page by page.
  if (memory.grow(pages + 16) >= 0) return true
  return memory.grow(pages) >= 0
}

/** Allocates on the heap; 0 when memory is exhausted. Only between calls. */
export function heapAlloc(size: usize): usize {
  const start = heapTop
  const end = (start + size + 15) & ~15
  if (end < start || !reach(end)) return 0
  heapTop = end
  memory.fill(start, 0, end - start)
  return start
}

/** Takes back what was allocated last. */
export function heapRelease(start: usize): void {
  heapTop = start
}

/** Empties the arena for a new call. */
export function arenaReset(limit: usize): void {
  arenaStart = (heapTop + 63) & ~63
  arenaLimit = limit
  top = arenaStart
  pin = arenaStart
}

/** Allocates in the arena, not cleared; 0 when over the limit. */
export function arenaAlloc(size: usize): usize {
  const start = top
  const end = (start + size + 31) & ~31
  if (end < start || end - arenaStart > arenaLimit || !reach(end)) return 0
  top = end
  return start
}

/** Like `arenaAlloc`, for what must live until the call ends. */
export function arenaAllocPinned(size: usize): usize {
  const start = arenaAlloc(size)
  if (start != 0) pin = top
  return start
}

/** Releases the arena down to `to`, or to the pin. */
export function arenaRelease(to: usize): void {
  top = max(to, pin)
}
