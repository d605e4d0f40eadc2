// A module of its own: the hash alone, for whoever needs no interpreter.

import { digest } from './keccak'

/** Where `size` bytes to be hashed are to be put; 0 when memory cannot grow. */
export function inputAt(size: usize): usize {
  const pages = <i32>((__heap_base + size + 0xffff) >> 16) - memory.size()
  if (pages > 0 && memory.grow(pages) < 0) return 0
  return __heap_base
}

/** Where the 32 bytes of the hash of those bytes stand. */
export function hash(size: usize): usize {
  return digest(__heap_base, size)
}
