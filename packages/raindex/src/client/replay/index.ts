export {
  openReplay,
  type Replay,
  type ReplayOptions,
  type ReplayProgress,
  type ReplayRun,
  type ReplaySeries,
  type RunOptions,
} from './open-replay.ts'
export type { ReplayRequest, ReplaySubject } from './replay-request.ts'
export type { HistoryBlock, HistoryEvent, HistoryHead, ReplayHistory } from './replay-history.ts'
export { historyFromLogs, type LogHistoryOptions } from './history-from-logs.ts'
export { historyFromLocalBook, type LocalBookHistoryOptions } from './history-from-local-book.ts'
export { createReplayHost, type Looks, type ReplayHost, type ReplayHostOptions } from './replay-host.ts'
export type { ClockKind } from './chain-clock.ts'
export { marksOf, pointMarks, type MarkBits, type PointMark } from './point-marks.ts'
export { numberOf, type ReplayColumns, type ReplayGap, type ReplayResult } from './replay-columns.ts'
export type { MarkerKind, ReplayMarker } from './replay-markers.ts'
export type { InspectedVault, InspectedWord, ReplayMoment } from './inspect-moment.ts'
export { gapText } from './gap-text.ts'
export { isoTime, markersToCsv, pointsToCsv } from './replay-csv.ts'
export { replayToSvg, type ReplaySvgOptions } from './replay-svg.ts'
export { openReplayBook, type ReplayBook, type WalletEntry } from './worker/replay-book.ts'
export {
  openReplayWorkers,
  type ReplayWorkers,
  type ReplayWorkersOptions,
} from './worker/open-replay-workers.ts'
export { startReplayWorker, webWorkerPort, type ReplayPort } from './worker/replay-port.ts'
export { serveReplay, type ServeReplayOptions } from './worker/serve-replay.ts'
