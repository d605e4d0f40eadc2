import type { ReactNode } from 'react'

export type StripProps = {
  readonly words: { readonly tone: string; readonly state: string }
  /** The state by its name, for those who look for it in the page. */
  readonly state?: string | undefined
  readonly trouble: string | undefined
  readonly children: ReactNode
}

/** How true what is shown is: the state first, what goes wrong last. */
export function Strip({ words, state, trouble, children }: StripProps) {
  return (
    <section className="strip" aria-label="Freshness" data-tone={words.tone} data-state={state}>
      <span className="state" role="status">
        <span className="lamp" aria-hidden="true" />
        {words.state}
      </span>
      {children}
      {trouble && (
        <span data-part="trouble" title={trouble}>
          {trouble}
        </span>
      )}
    </section>
  )
}

/** Where it is from. */
export function Source({ name }: { readonly name: string }) {
  return (
    <span data-part="source">
      from <b>{name}</b>
    </span>
  )
}
