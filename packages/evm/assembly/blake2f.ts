// The compression function F of BLAKE2b, as the precompile at 9 gives it (EIP-152, RFC 7693).

const iv: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
])

const sigma: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
  11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
  7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
  9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
  2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
  12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
  13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
  6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
  10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
])

const v: usize = memory.data(128)

@inline
function word(p: usize, i: usize): u64 {
  return load<u64>(p + (i << 3), 0, 1)
}

function quarter(a: usize, b: usize, c: usize, d: usize, x: u64, y: u64): void {
  let va = load<u64>(v + a) + load<u64>(v + b) + x
  let vd = rotr<u64>(load<u64>(v + d) ^ va, 32)
  let vc = load<u64>(v + c) + vd
  let vb = rotr<u64>(load<u64>(v + b) ^ vc, 24)
  va += vb + y
  vd = rotr<u64>(vd ^ va, 16)
  vc += vd
  vb = rotr<u64>(vb ^ vc, 63)
  store<u64>(v + a, va)
  store<u64>(v + b, vb)
  store<u64>(v + c, vc)
  store<u64>(v + d, vd)
}

/** Compresses the 213 bytes of input at `p` into 64 bytes at `out`. */
export function blake2f(out: usize, p: usize): void {
  const rounds = bswap<u32>(load<u32>(p, 0, 1))
  const h = p + 4
  const m = p + 68
  memory.copy(v, h, 64)
  memory.copy(v + 64, iv, 64)
  store<u64>(v, load<u64>(v, 96) ^ load<u64>(p, 196, 1), 96)
  store<u64>(v, load<u64>(v, 104) ^ load<u64>(p, 204, 1), 104)
  if (load<u8>(p, 212) != 0) store<u64>(v, ~load<u64>(v, 112), 112)
  let row: usize = 0
  for (let i: u32 = 0; i < rounds; i++) {
    const s = sigma + row
    quarter(0, 32, 64, 96, word(m, load<u8>(s)), word(m, load<u8>(s, 1)))
    quarter(8, 40, 72, 104, word(m, load<u8>(s, 2)), word(m, load<u8>(s, 3)))
    quarter(16, 48, 80, 112, word(m, load<u8>(s, 4)), word(m, load<u8>(s, 5)))
    quarter(24, 56, 88, 120, word(m, load<u8>(s, 6)), word(m, load<u8>(s, 7)))
    quarter(0, 40, 80, 120, word(m, load<u8>(s, 8)), word(m, load<u8>(s, 9)))
    quarter(8, 48, 88, 96, word(m, load<u8>(s, 10)), word(m, load<u8>(s, 11)))
    quarter(16, 56, 64, 104, word(m, load<u8>(s, 12)), word(m, load<u8>(s, 13)))
    quarter(24, 32, 72, 112, word(m, load<u8>(s, 14)), word(m, load<u8>(s, 15)))
    row = row == 144 ? 0 : row + 16
  }
  for (let i: usize = 0; i < 8; i++) {
    store<u64>(out + (i << 3), word(h, i) ^ load<u64>(v + (i << 3)) ^ load<u64>(v + (i << 3), 64), 0, 1)
  }
}
