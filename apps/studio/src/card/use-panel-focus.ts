import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react'

/**
 * Takes the keyboard into a panel and gives it back to where it came from.
 * Meanwhile it stays at its field when the button that had it is gone.
 */
export function usePanelFocus(panel: RefObject<HTMLElement | null>): void {
  const hasKeyboard = useRef(false)
  const lastField = useRef<string>(undefined)
  useEffect(() => {
    const element = panel.current
    const before = document.activeElement
    const onFocus = ({ target }: FocusEvent): void => {
      hasKeyboard.current = true
      lastField.current =
        target instanceof Element ? target.closest<HTMLElement>('.card-field')?.dataset['field'] : undefined
    }
    const onPointerDown = ({ target }: PointerEvent): void => {
      if (target instanceof Node && !element?.contains(target)) hasKeyboard.current = false
    }
    element?.addEventListener('focusin', onFocus)
    document.addEventListener('pointerdown', onPointerDown)
    editorOf(element, undefined)?.focus()
    return () => {
      element?.removeEventListener('focusin', onFocus)
      document.removeEventListener('pointerdown', onPointerDown)
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [panel])

  useLayoutEffect(() => {
    // A browser takes the keyboard from an element that is removed, and leaves it nowhere.
    if (!hasKeyboard.current || document.activeElement !== document.body) return
    const editor = editorOf(panel.current, lastField.current)
    if (editor) editor.focus()
    else panel.current?.focus()
  })
}

/** The editor of a field; of none, the first. */
function editorOf(panel: HTMLElement | null, field: string | undefined): HTMLElement | undefined {
  const editors = [...(panel?.querySelectorAll<HTMLElement>('.field-editor') ?? [])]
  return field === undefined
    ? editors[0]
    : editors.find((editor) => editor.closest<HTMLElement>('.card-field')?.dataset['field'] === field)
}
