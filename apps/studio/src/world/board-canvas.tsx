import { useEffect, useRef } from 'react'
import type { Readable } from '../data/readable.ts'
import { onAppearanceChange } from '../replay/chart-ink.ts'
import type { BoardSize } from './board-cell.ts'
import { drawBoard, litForMs, readBoardInk } from './draw-board.ts'
import type { Piece } from './piece.ts'

export type BoardCanvasProps = {
  readonly pieces: Readable<readonly Piece[]>
  readonly size: BoardSize
  /** Pieces up to this number are drawn by others. */
  readonly yours: number
}

/** The pieces that roam: drawn past React, however many there are, once for each batch of changes. */
export function BoardCanvas({ pieces, size, yours }: BoardCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (canvas.current === null) return undefined
    return paint(canvas.current, { pieces, size, yours })
  }, [pieces, size, yours])
  return (
    <>
      <span data-ink="piece" hidden />
      <span data-ink="moved" hidden />
      <canvas ref={canvas} aria-hidden="true" />
    </>
  )
}

/** Keeps the canvas as the pieces are. Returns how to stop. */
function paint(canvas: HTMLCanvasElement, { pieces, size, yours }: BoardCanvasProps): () => void {
  const context = canvas.getContext('2d')
  if (context === null) return () => undefined
  const root = canvas.parentElement ?? canvas
  let ink = readBoardInk(root)
  let frame: number | undefined
  let fading: ReturnType<typeof setTimeout> | undefined
  const draw = (): void => {
    frame = undefined
    const roaming = pieces.get().filter(({ piece }) => piece > yours)
    const isLit = drawBoard(context, roaming, size, ink, Date.now())
    canvas.dataset['pieces'] = String(roaming.length)
    clearTimeout(fading)
    if (isLit) fading = setTimeout(request, litForMs)
  }
  const request = (): void => {
    frame ??= requestAnimationFrame(draw)
  }
  const sizes = new ResizeObserver(() => {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio)
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio)
    request()
  })
  sizes.observe(canvas)
  const stopPieces = pieces.subscribe(request)
  const stopAppearance = onAppearanceChange(() => {
    ink = readBoardInk(root)
    request()
  })
  request()
  return () => {
    stopPieces()
    stopAppearance()
    sizes.disconnect()
    clearTimeout(fading)
    if (frame !== undefined) cancelAnimationFrame(frame)
  }
}
