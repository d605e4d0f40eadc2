import type { WorldInfo } from '@freshet/cli/studio'
import { useMemo, useState } from 'react'
import { useReadable } from '../data/readable.ts'
import type { DemoLink } from '../demo/demo-link.ts'
import type { StudioPageProps } from '../shell/studio-pages.ts'
import { describeFreshness, type FreshnessWords } from '../strip/describe-freshness.ts'
import { useNow } from '../strip/use-now.ts'
import { BoardView } from './board-view.tsx'
import { freshnessOfTick } from './freshness-of-tick.ts'
import { MoveList } from './move-list.tsx'
import type { MoveNote } from './move-notes.ts'
import { announceMove } from './move-words.ts'
import { NoWorld } from './no-world.tsx'
import { PiecePanel } from './piece-panel.tsx'
import { SyncProgress } from './sync-progress.tsx'
import { WorldErrors } from './world-errors.tsx'
import { createWorldLink } from './world-link.ts'
import { WorldStrip } from './world-strip.tsx'
import { WorldTools } from './world-tools.tsx'
import { yourPieces } from './your-pieces.ts'
import './world.css'

/** A Dojo world kept live in a worker: its pieces, how true they are, and moves that show at once. */
export function WorldPage({ config, demo }: StudioPageProps) {
  return config.world ? <OpenWorld info={config.world} demo={demo} /> : <NoWorld />
}

type OpenWorldProps = { readonly info: WorldInfo; readonly demo: DemoLink | undefined }

function OpenWorld({ info, demo }: OpenWorldProps) {
  const link = useMemo(() => createWorldLink(info), [info])
  const view = useReadable(link)
  const yours = useReadable(useMemo(() => yourPieces(link.pieces, info.yours), [link, info]))
  const [selected, setSelected] = useState<number>()
  const now = useNow()
  const { tick, moves } = view
  const words = tick === undefined ? unknown : describeFreshness(freshnessOfTick(tick), now)
  const undo = ({ transactionId }: MoveNote): void => link.undo(transactionId)
  const onBoard = { pieces: link.pieces, size: info, selected, onSelect: setSelected, onMove: link.move }
  return (
    <main className="page world">
      <WorldStrip view={view} words={words} />
      {demo && <WorldTools demo={demo} />}
      <WorldErrors
        errors={view.errors}
        onDismiss={link.dismiss}
        onReset={link.reset}
        onResume={link.resume}
      />
      <div className="work">
        <section className="world-stage" aria-label="World">
          <BoardView
            {...onBoard}
            {...{ yours, moves }}
            yoursUpTo={info.yours}
            nowUnixMs={now}
            stale={words.source === 'remote' || tick?.overall.lagMs === undefined ? undefined : words.age}
            onUndo={undo}
          />
          <p id="world-board-help" className="hint">
            Pieces 1 to {info.yours} are yours: choose one and press the arrow keys, or click a cell. Escape
            takes back a move that is pending. The others roam.
          </p>
          <p className="hidden" role="status" data-part="announcement">
            {announceMove(moves[0])}
          </p>
        </section>
        <aside className="world-side" aria-label="About the world">
          <SyncProgress tick={tick} rows={view.rows} expected={info.pieces} nowUnixMs={now} />
          <PiecePanel {...onBoard} yoursUpTo={info.yours} remaining={view.remaining} />
          <MoveList moves={moves} nowUnixMs={now} onUndo={undo} />
        </aside>
      </div>
    </main>
  )
}

const unknown: FreshnessWords = {
  ...{ tone: 'working', state: 'starting', source: 'cache' },
  ...{ age: 'nothing read yet', next: undefined, trouble: undefined },
}
