import { useEffect, useState, type RefObject } from 'react'
import { rowsAtOnce, rowWindow, type RowWindow } from './row-window.ts'

/** Which rows of a scrolling element are to be in the document, as it scrolls and changes its size. */
export function useRowWindow(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
): RowWindow {
  const [place, setPlace] = useState({ top: 0, height: 600 })
  useEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    const step = rowHeight * rowsAtOnce
    const look = (): void => {
      const { scrollTop, clientHeight: height } = element
      const top = Math.floor(scrollTop / step) * step
      setPlace((known) => (known.top === top && known.height === height ? known : { top, height }))
    }
    look()
    element.addEventListener('scroll', look, { passive: true })
    const sizes = new ResizeObserver(look)
    sizes.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      sizes.disconnect()
    }
  }, [scroller, rowHeight])
  return rowWindow(place.top, place.height, rowHeight, count)
}
