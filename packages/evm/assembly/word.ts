// 256-bit words: four u64 limbs in memory, least significant first. Results may overwrite operands.

const U: usize = memory.data(160)
const V: usize = memory.data(96)
const Q: usize = memory.data(160)
const P: usize = memory.data(96)
const S: usize = memory.data(96)
const T: usize = memory.data(96)

@inline
function lo32(x: u64): u64 {
  return x & 0xffffffff
}

/** High half of a 64 by 64 bit product, which WebAssembly has no instruction for. */
@inline
export function mulHigh(a: u64, b: u64): u64 {
  const a0 = lo32(a)
  const a1 = a >> 32
  const b0 = lo32(b)
  const b1 = b >> 32
  const low = a1 * b0 + ((a0 * b0) >> 32)
  const mid = lo32(low) + a0 * b1
  return a1 * b1 + (low >> 32) + (mid >> 32)
}

@inline
export function isZero(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0
}

@inline
export function setSmall(r: usize, value: u64): void {
  store<u64>(r, value)
  store<u64>(r, 0, 8)
  store<u64>(r, 0, 16)
  store<u64>(r, 0, 24)
}

@inline
export function copyWord(r: usize, a: usize): void {
  const a0 = load<u64>(a)
  const a1 = load<u64>(a, 8)
  const a2 = load<u64>(a, 16)
  const a3 = load<u64>(a, 24)
  store<u64>(r, a0)
  store<u64>(r, a1, 8)
  store<u64>(r, a2, 16)
  store<u64>(r, a3, 24)
}

/** Reads 32 big-endian bytes at `p`, which need no alignment. */
@inline
export function loadBig(r: usize, p: usize): void {
  store<u64>(r, bswap<u64>(load<u64>(p, 24, 1)))
  store<u64>(r, bswap<u64>(load<u64>(p, 16, 1)), 8)
  store<u64>(r, bswap<u64>(load<u64>(p, 8, 1)), 16)
  store<u64>(r, bswap<u64>(load<u64>(p, 0, 1)), 24)
}

/** Writes a word as 32 big-endian bytes. */
@inline
export function storeBig(p: usize, a: usize): void {
  store<u64>(p, bswap<u64>(load<u64>(a, 24)), 0, 1)
  store<u64>(p, bswap<u64>(load<u64>(a, 16)), 8, 1)
  store<u64>(p, bswap<u64>(load<u64>(a, 8)), 16, 1)
  store<u64>(p, bswap<u64>(load<u64>(a)), 24, 1)
}

@inline
export function lessThan(a: usize, b: usize): bool {
  const a3 = load<u64>(a, 24)
  const b3 = load<u64>(b, 24)
  if (a3 != b3) return a3 < b3
  const a2 = load<u64>(a, 16)
  const b2 = load<u64>(b, 16)
  if (a2 != b2) return a2 < b2
  const a1 = load<u64>(a, 8)
  const b1 = load<u64>(b, 8)
  if (a1 != b1) return a1 < b1
  return load<u64>(a) < load<u64>(b)
}

@inline
export function signedLessThan(a: usize, b: usize): bool {
  const a3 = load<i64>(a, 24)
  const b3 = load<i64>(b, 24)
  if (a3 != b3) return a3 < b3
  return lessThan(a, b)
}

export function negate(r: usize, a: usize): void {
  let carry: u64 = 1
  for (let i: usize = 0; i < 32; i += 8) {
    const x = ~load<u64>(a + i) + carry
    carry &= u64(x == 0)
    store<u64>(r + i, x)
  }
}

/** r = a * b mod 2^256. */
export function multiply(r: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a)
  const b0 = load<u64>(b)
  const a1 = load<u64>(a, 8)
  const b1 = load<u64>(b, 8)
  const a2 = load<u64>(a, 16)
  const b2 = load<u64>(b, 16)
  const a3 = load<u64>(a, 24)
  const b3 = load<u64>(b, 24)
  let r1 = mulHigh(a0, b0)
  let r2: u64 = 0
  let r3: u64 = 0
  if ((a1 | a2 | a3 | b1 | b2 | b3) != 0) {
    // Column by column; carries out of limb 3 are dropped.
    let low = a0 * b1
    r1 += low
    let carry = u64(r1 < low)
    r2 = mulHigh(a0, b1) + carry
    low = a1 * b0
    r1 += low
    carry = u64(r1 < low)
    const high = mulHigh(a1, b0) + carry
    r2 += high
    r3 = u64(r2 < high)
    low = a1 * b1
    r2 += low
    r3 += u64(r2 < low) + mulHigh(a1, b1)
    low = a0 * b2
    r2 += low
    r3 += u64(r2 < low) + mulHigh(a0, b2)
    low = a2 * b0
    r2 += low
    r3 += u64(r2 < low) + mulHigh(a2, b0)
    r3 += a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0
  }
  store<u64>(r, a0 * b0)
  store<u64>(r, r1, 8)
  store<u64>(r, r2, 16)
  store<u64>(r, r3, 24)
}

/** r (8 limbs) = a * b; r may not overlap the operands. */
function multiplyFull(r: usize, a: usize, b: usize): void {
  memory.fill(r, 0, 64)
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i)
    if (x == 0) continue
    let carry: u64 = 0
    for (let j: usize = 0; j < 32; j += 8) {
      const y = load<u64>(b + j)
      const at = r + i + j
      let low = x * y
      let high = mulHigh(x, y)
      low += carry
      high += u64(low < carry)
      const old = load<u64>(at)
      low += old
      high += u64(low < old)
      store<u64>(at, low)
      carry = high
    }
    store<u64>(r + i + 32, carry)
  }
}

/** Number of 32-bit digits in use. */
@inline
function digitsIn(a: usize, most: i32): i32 {
  let n = most
  while (n > 0 && load<u32>(a + (<usize>(n - 1) << 2)) == 0) n--
  return n
}

/**
 * Long division in 32-bit digits: Knuth, The Art of Computer Programming 4.3.1, algorithm D.
 * Divides `m` digits at `u` by `n` digits at `v`; the quotient is left in Q (16 digits), the remainder is
 * written to `rest` as four limbs. The leading digit of `v` is not zero.
 */
function divideDigits(u: usize, m: i32, v: usize, n: i32, rest: usize): void {
  memory.fill(Q, 0, 64)
  if (m < n) {
    copyWord(rest, u)
    return
  }
  if (n == 1) {
    const d = <u64>load<u32>(v)
    let r: u64 = 0
    for (let i = m - 1; i >= 0; i--) {
      const x = (r << 32) | load<u32>(u + (<usize>i << 2))
      const q = x / d
      store<u32>(Q + (<usize>i << 2), <u32>q)
      r = x - q * d
    }
    setSmall(rest, r)
    return
  }
  const s = <u64>clz<u32>(load<u32>(v + (<usize>(n - 1) << 2)))
  let before: u64 = 0
  for (let i: usize = 0; i < <usize>n; i++) {
    const x = <u64>load<u32>(v + (i << 2))
    store<u32>(V + (i << 2), <u32>((x << s) | before))
    before = (x << s) >> 32
  }
  before = 0
  for (let i: usize = 0; i < <usize>m; i++) {
    const x = <u64>load<u32>(u + (i << 2))
    store<u32>(U + (i << 2), <u32>((x << s) | before))
    before = (x << s) >> 32
  }
  store<u32>(U + (<usize>m << 2), <u32>before)
  const v1 = <u64>load<u32>(V + (<usize>(n - 1) << 2))
  const v2 = <u64>load<u32>(V + (<usize>(n - 2) << 2))
  for (let j = m - n; j >= 0; j--) {
    const at = U + (<usize>j << 2)
    const end = at + (<usize>n << 2)
    const head = (<u64>load<u32>(end) << 32) | load<u32>(end - 4)
    const third = <u64>load<u32>(end - 8)
    let q = head / v1
    let r = head - q * v1
    while (q > 0xffffffff || q * v2 > ((r << 32) | third)) {
      q--
      r += v1
      if (r > 0xffffffff) break
    }
    if (q == 0) continue
    let borrow: i64 = 0
    let carry: u64 = 0
    for (let i: usize = 0; i < <usize>n << 2; i += 4) {
      const p = q * load<u32>(V + i) + carry
      carry = p >> 32
      const t = <i64>load<u32>(at + i) - borrow - <i64>lo32(p)
      store<u32>(at + i, <u32>t)
      borrow = (t >> 63) & 1
    }
    const t = <i64>load<u32>(end) - borrow - <i64>carry
    store<u32>(end, <u32>t)
    if (t < 0) {
      q--
      let sum: u64 = 0
      for (let i: usize = 0; i < <usize>n << 2; i += 4) {
        sum += <u64>load<u32>(at + i) + load<u32>(V + i)
        store<u32>(at + i, <u32>sum)
        sum >>= 32
      }
      store<u32>(end, <u32>(load<u32>(end) + sum))
    }
    store<u32>(Q + (<usize>j << 2), <u32>q)
  }
  setSmall(rest, 0)
  for (let i: usize = 0; i < <usize>n; i++) {
    const pair = (<u64>load<u32>(U + (i << 2) + 4) << 32) | load<u32>(U + (i << 2))
    store<u32>(rest + (i << 2), <u32>(pair >> s))
  }
}

/** q = a / b and rest = a % b, unsigned; b is not zero. `q` and `rest` are apart from each other. */
function divide(q: usize, rest: usize, a: usize, b: usize): void {
  const b0 = load<u64>(b)
  if ((load<u64>(b, 8) | load<u64>(b, 16) | load<u64>(b, 24)) == 0) {
    if ((load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0) {
      const a0 = load<u64>(a)
      const x = a0 / b0
      setSmall(q, x)
      setSmall(rest, a0 - x * b0)
      return
    }
  }
  copyWord(S, a)
  copyWord(T, b)
  divideDigits(S, digitsIn(S, 8), T, digitsIn(T, 8), rest)
  copyWord(q, Q)
}

export function div(r: usize, a: usize, b: usize): void {
  if (isZero(b)) setSmall(r, 0)
  else divide(r, P, a, b)
}

export function mod(r: usize, a: usize, b: usize): void {
  if (isZero(b)) setSmall(r, 0)
  else divide(P, r, a, b)
}

const A: usize = memory.data(32)
const B: usize = memory.data(32)

@inline
function magnitude(r: usize, a: usize): bool {
  if (load<i64>(a, 24) < 0) {
    negate(r, a)
    return true
  }
  copyWord(r, a)
  return false
}

export function sdiv(r: usize, a: usize, b: usize): void {
  if (isZero(b)) {
    setSmall(r, 0)
    return
  }
  const negative = magnitude(A, a) != magnitude(B, b)
  divide(r, P, A, B)
  if (negative) negate(r, r)
}

export function smod(r: usize, a: usize, b: usize): void {
  if (isZero(b)) {
    setSmall(r, 0)
    return
  }
  const negative = magnitude(A, a)
  magnitude(B, b)
  divide(P, r, A, B)
  if (negative) negate(r, r)
}

/** r = (a + b) % m over the full sum. */
export function addmod(r: usize, a: usize, b: usize, m: usize): void {
  if (isZero(m)) {
    setSmall(r, 0)
    return
  }
  let carry: u64 = 0
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i)
    const y = x + load<u64>(b + i)
    const z = y + carry
    carry = u64(y < x) | u64(z < y)
    store<u64>(S + i, z)
  }
  store<u64>(S, carry, 32)
  copyWord(T, m)
  divideDigits(S, digitsIn(S, 10), T, digitsIn(T, 8), r)
}

/** r = (a * b) % m over the full product. */
export function mulmod(r: usize, a: usize, b: usize, m: usize): void {
  if (isZero(m)) {
    setSmall(r, 0)
    return
  }
  multiplyFull(S, a, b)
  copyWord(T, m)
  divideDigits(S, digitsIn(S, 16), T, digitsIn(T, 8), r)
}

/** r = a ** e mod 2^256. */
export function exponent(r: usize, a: usize, e: usize): void {
  copyWord(A, a)
  copyWord(B, e)
  setSmall(T, 1)
  const bits = 256 - leadingZeros(B)
  for (let i = 0; i < bits; i++) {
    if ((load<u64>(B + (<usize>(i >> 6) << 3)) >> (i & 63)) & 1) multiply(T, T, A)
    if (i + 1 < bits) multiply(A, A, A)
  }
  copyWord(r, T)
}

export function leadingZeros(a: usize): i32 {
  for (let i = 3; i >= 0; i--) {
    const x = load<u64>(a + (<usize>i << 3))
    if (x != 0) return ((3 - i) << 6) + <i32>clz<u64>(x)
  }
  return 256
}

/** Bytes needed for the value: 0 for 0, at most 32. */
export function byteLength(a: usize): i32 {
  return (263 - leadingZeros(a)) >> 3
}

/** r = value with the sign of its byte `index` (0 = lowest) extended upwards. */
export function signextend(r: usize, index: usize, value: usize): void {
  copyWord(T, value)
  if ((load<u64>(index, 8) | load<u64>(index, 16) | load<u64>(index, 24)) == 0 && load<u64>(index) < 31) {
    const bit = (load<u64>(index) << 3) + 7
    const limb = <usize>(bit >> 6)
    const shift = 63 - (bit & 63)
    const x = <i64>(load<u64>(T + (limb << 3)) << shift) >> shift
    store<i64>(T + (limb << 3), x)
    for (let i = limb + 1; i < 4; i++) store<i64>(T + (i << 3), x >> 63)
  }
  copyWord(r, T)
}

/** r = byte `index` of value, 0 = highest. */
export function byteAt(r: usize, index: usize, value: usize): void {
  const i = load<u64>(index)
  if ((load<u64>(index, 8) | load<u64>(index, 16) | load<u64>(index, 24)) != 0 || i > 31) setSmall(r, 0)
  else setSmall(r, load<u8>(value + <usize>(31 - i)))
}

/** Three times four limbs: zeros or sign, the value, zeros. Shifting is loading at an offset. */
const W: usize = memory.data(112)

/** Shift distance in bits, 256 and above as 256. */
@inline
function distance(n: usize): u64 {
  if ((load<u64>(n, 8) | load<u64>(n, 16) | load<u64>(n, 24)) != 0) return 256
  return min<u64>(load<u64>(n), 256)
}

export function shiftLeft(r: usize, n: usize, a: usize): void {
  const by = distance(n)
  const bits = by & 63
  const from = W + 32 - (<usize>(by >> 6) << 3)
  copyWord(W + 32, a)
  for (let i: usize = 0; i < 32; i += 8) {
    // Shifting twice keeps the distance below 64 when `bits` is 0.
    store<u64>(r + i, (load<u64>(from + i) << bits) | ((load<u64>(from + i - 8) >> 1) >> (63 - bits)))
  }
}

export function shiftRight(r: usize, n: usize, a: usize, fill: u64): void {
  const by = distance(n)
  const bits = by & 63
  const from = W + 32 + (<usize>(by >> 6) << 3)
  copyWord(W + 32, a)
  if (fill != 0) for (let i: usize = 64; i < 96; i += 8) store<u64>(W + i, fill)
  // Limb 4 beyond the value is read when the distance is 256, hence one more than three times four limbs.
  for (let i: usize = 0; i < 32; i += 8) {
    store<u64>(r + i, (load<u64>(from + i) >> bits) | ((load<u64>(from + i + 8) << 1) << (63 - bits)))
  }
  if (fill != 0) for (let i: usize = 64; i < 96; i += 8) store<u64>(W + i, 0)
}
