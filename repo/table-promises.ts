/** A test by the file it is in and its title, or the part of the title that its file spells out. */
export type NamedTest = readonly [file: string, title: string]

const table = 'packages/table/src'
const contract = `${table}/testing/cache-contract.ts`
const cache = `${table}/cache.test.ts`
const disk = `${table}/sqlite/sqlite-cache.test.ts`
const stream = `${table}/live-stream.test.ts`
const reads = `${table}/live-table-read.test.ts`
const writes = `${table}/live-table-write.test.ts`
const any = `${table}/any-table.test.ts`
const defect = `${table}/live-table-defects.test.ts`
const store = `${table}/live-table-store.test.ts`
const view = `${table}/live-table-view.test.ts`
const observed = `${table}/live-table-observed.test.ts`

/**
 * The 40 tests of the predecessor by the file they were in, and what proves the same here.
 *
 * The contract runs for the cache in memory and for the one on disk, so that most of its tests stand twice.
 */
export const predecessorTests: readonly (readonly [was: string, now: NamedTest])[] = [
  ['cache: in memory, a miss', [contract, 'a miss returns none']],
  ['cache: in memory, put and get', [contract, 'put then get round trip']],
  ['cache: in memory, put overwrites', [contract, 'put overwrites']],
  ['cache: in memory, a prefix drops what matches', [contract, 'invalidate prefix drops matching']],
  [
    'cache: in memory, the empty prefix clears',
    [contract, 'invalidate prefix of the empty string clears all'],
  ],
  ['cache: in memory, a copy shares', [contract, 'a copy of the handle shares what is kept']],
  ['cache: none, get', [cache, '[LT15] NoCache: get always returns none']],
  ['cache: none, put', [cache, '[LT15] NoCache: put is a no-op']],
  ['cache: none, invalidate', [cache, '[LT15] NoCache: invalidate prefix succeeds']],
  ['cache: behind its interface', [cache, '[LT15] a cache can be used through its interface']],
  ['cache: on disk, a miss', [contract, 'a miss returns none']],
  ['cache: on disk, put and get', [contract, 'put then get round trip']],
  ['cache: on disk, put overwrites', [contract, 'put overwrites']],
  ['cache: on disk, a root drops its keys', [contract, 'invalidate prefix drops matching']],
  ['cache: on disk, below a root', [contract, 'invalidate of a sub-prefix drops only what lies under it']],
  ['cache: on disk, over a restart', [contract, 'what was put is there after closing and opening again']],
  ['cache: on disk, a copy shares', [contract, 'a copy of the handle shares what is kept']],
  [
    'cache: on disk, the folder is made',
    [disk, '[LT15] SqliteCache: the folder is made, and holds one file for each cache key'],
  ],
  ['cache: on disk, roots do not collide', [contract, 'client and clients are kept apart']],
  ['event: pushed', [stream, '[LT16] a manual stream pushes an event to its subscriber']],
  ['event: with ids', [stream, '[LT16] a manual stream carries the events with an id']],
  ['event: several subscribers', [stream, '[LT16] each of several subscribers sees the event']],
  ['event: no subscriber', [stream, '[LT16] a push with no subscribers reaches nobody']],
  [
    'event: behind its interface',
    [stream, '[LT16] a stream can be used through its interface, and ends with its signal'],
  ],
  ['read: miss, then hit', [reads, '[LT1] list values: a cache miss, then a hit']],
  ['read: without a cache', [reads, '[LT2] list values with no cache passes through']],
  ['read: one row', [reads, '[LT1] get value caches per id']],
  [
    'read: a row that is not there',
    [reads, '[LT3] get value of a missing id returns none and does not cache'],
  ],
  ['read: pages', [reads, '[LT4] pagination: distinct pages are cached separately']],
  ['write: insert', [writes, '[LT10] insert value lands on the master and invalidates the cache']],
  ['write: replace', [writes, '[LT8] replace value updates the master']],
  ['write: patch', [writes, '[LT8] patch value merges fields']],
  ['write: delete', [writes, '[LT8] delete removes from the master']],
  ['write: delete all', [writes, '[LT8] delete all drops every row']],
  ['write: the row of an id too', [writes, '[LT10] the cache is invalidated for the id slot too']],
  ['write: a failed one', [writes, '[LT9] a failed write does not invalidate']],
  ['stream: changed', [stream, '[LT16] a changed event invalidates the cache']],
  [
    'stream: with an id',
    [stream, '[LT16] an event with an id also invalidates, page and row, where the prefix is invalidated'],
  ],
  ['any table: wrapped', [any, '[LT17] a live table is an any-table']],
  ['any table: metadata', [any, '[LT17] any-table metadata passes through to the master']],
]

/** What the predecessor's design asked its tests to show and its tests did not. */
export const askedTests: readonly (readonly [asked: string, by: NamedTest])[] = [
  [
    'a page is read while the master is stopped',
    [reads, '[LT1] a cached list is served while the master is stopped, and says that it is stale'],
  ],
  [
    'the rows per page of the master can be read back',
    [reads, '[LT4] a page is not served for another page size'],
  ],
  [
    'writes go to another target, reads stay',
    [writes, '[LT14] writes go to the custom target, reads stay on the master'],
  ],
  [
    'a hundred writers, each with its reply, in order',
    [writes, '[LT12] a hundred writers at once each get their own reply, in order'],
  ],
]

/** The 13 defects of the predecessor: one test each, its number in the title. */
export const defectTests: readonly NamedTest[] = [
  [defect, '[LT7] defect 1: a slow read does not bring back what a write has replaced'],
  [defect, '[LT8] defect 2: a writer reads its own write, as soon as it has the reply'],
  [defect, '[LT4] defect 3: order, condition and page size are part of what a page is'],
  [defect, '[LT15] defect 4: invalidating one table never touches another whose name begins alike'],
  [defect, '[LT15] defect 5: a slash in a cache key invalidates that table'],
  [defect, '[LT20] defect 6: a broken cache breaks neither a read nor the next'],
  [defect, '[LT12] defect 7: a write that blows up rejects itself, and the queue goes on'],
  [defect, '[LT11] defect 8: the backend makes ids where it is asked to'],
  [defect, '[LT19] defect 9: the end of a stream is a gap, not the end of freshness'],
  [defect, '[LT14] defect 10: all handles of a table write to the same target'],
  [defect, '[LT6] defect 11: concurrent misses are one read of the master'],
  [defect, '[LT18] defect 12: whoever shows the table is told of changes'],
  [defect, '[LT24] defect 13: a condition is cached like any other query'],
]

/** The normative rules of a live table, in their order, and the tests that hold them. */
export const normativeRules: readonly (readonly [rule: string, ...by: readonly NamedTest[]])[] = [
  [
    'rows by id and results over them',
    [cache, '[LT15] rows that someone put are what an open table reads'],
    [writes, '[LT8] an insert enters the lists it belongs to without another read'],
  ],
  [
    'one key per meaning of a query',
    [defect, '[LT4] defect 3: order, condition and page size are part of what a page is'],
    ['packages/core/src/query-key.test.ts', '[Q8]'],
    [cache, '[LT15] a cache key with a slash is one segment, and never reaches another table'],
  ],
  [
    'the key is the caller’s; conditions make a view of their own',
    [any, '[LT24] conditions make a view of their own over the same rows'],
    [
      `${table}/sqlite/schema-change.test.ts`,
      '[LT51] what waits to be sent is sent by a run with another schema',
    ],
  ],
  [
    'modes of reading, and freshness with each answer',
    [reads, '[LT5] each mode answers from where it says'],
    [store, '[LT21] a second run answers from the store while the master is stopped, and says so'],
  ],
  [
    'equal reads are one',
    [reads, '[LT6] equal reads at once are one read of the master'],
    [store, '[LT23] the bus tells of ranges as they load'],
  ],
  [
    'no older reading over a newer change',
    [reads, '[LT7] a slow read that an invalidation crossed is not held to be fresh'],
    [reads, '[LT7] a page that a change crossed shows the change'],
  ],
  [
    'a faulty cache breaks nothing',
    [store, '[LT20] a cache that cannot be opened leaves a table that works and says so'],
    [store, '[LT20] a cache that fails later breaks no read'],
    [
      `${table}/live-table-quota.browser.test.ts`,
      '[LT20] rows that Chromium has no room for are shown and said to be on no disk, until there is room',
    ],
  ],
  [
    'the way of a write',
    [writes, '[LT12] a full queue makes writers wait'],
    [writes, '[LT8] a write shows at once, as pending, in rows and lists, and is confirmed'],
    [writes, '[LT10] insert value lands on the master and invalidates the cache'],
    [writes, '[LT8] a local wait resolves when the write is noted'],
    [writes, '[LT9] a refused write is taken back and leaves what others wrote meanwhile'],
  ],
  [
    'a write target of one’s own',
    [writes, '[LT14] a custom target leaves the cache, unless asked otherwise'],
  ],
  [
    'the worker',
    [defect, '[LT12] defect 7: a write that blows up rejects itself, and the queue goes on'],
    [writes, '[LT13] close sends what was accepted, then rejects'],
    [writes, '[LT11] a write whose answer was lost is verified by reading, not repeated'],
  ],
  [
    'staying live',
    [
      'packages/core/src/sync.test.ts',
      '[S2] pages are asked for once the stream stands, and what is pushed meanwhile is not lost',
    ],
    [
      'packages/core/src/sync.test.ts',
      '[S5] what may be missed is read again from time to time; what cannot be, is not',
    ],
    [
      'packages/core/src/sync.test.ts',
      '[S5] while nobody looks nothing is read again from time to time, and soon after someone does it is',
    ],
    [view, '[LT19] after an outage everything shown is caught up with, deletions too'],
  ],
  [
    'who belongs to a result',
    [`${table}/testing/contract-watch.ts`, '[TB23] a watch of a view reports a row that leaves the view'],
    [
      view,
      '[LT18] where only the master can evaluate, its order stands and moves mark the range to be read again',
    ],
  ],
  ['the bus of changes', [store, '[LT23] the bus tells what happened to rows, reads and writes']],
  [
    'the same without a cache',
    [any, '[LT2] every verb says the same with and without a cache, and on the plain master'],
  ],
  [
    'what can be observed',
    [observed, '[LT28] debug lines name cache key, page, row, operation and outcome, and no row'],
    [observed, '[LT28] spans mark reads, writes and the worker, and end once'],
  ],
]
