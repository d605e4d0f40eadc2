import { useId, useState } from 'react'
import { isAddress } from './book-words.ts'

export type CounterpartyFieldProps = {
  /** Undefined: the zero address. */
  readonly value: string | undefined
  readonly choices: readonly string[]
  /** Told of addresses only, and of undefined where nothing stands there. */
  onChange(address: string | undefined): void
}

/** Who would take: an address that is typed or chosen. */
export function CounterpartyField({ value, choices, onChange }: CounterpartyFieldProps) {
  const id = useId()
  const [typed, setTyped] = useState(value ?? '')
  const isWrong = typed !== '' && !isAddress(typed)
  const type = (text: string): void => {
    const address = text.trim()
    setTyped(address)
    if (address === '') onChange(undefined)
    else if (isAddress(address)) onChange(address.toLowerCase())
  }
  return (
    <div className="book-counterparty">
      <label htmlFor={id}>Counterparty</label>
      <input
        id={id}
        className="field"
        list={`${id}-choices`}
        value={typed}
        placeholder="the zero address"
        spellCheck={false}
        autoComplete="off"
        aria-invalid={isWrong}
        aria-describedby={isWrong ? `${id}-mistake` : undefined}
        onChange={(event) => type(event.target.value)}
      />
      <datalist id={`${id}-choices`}>
        {choices.map((address) => (
          <option key={address} value={address} />
        ))}
      </datalist>
      {isWrong && (
        <span id={`${id}-mistake`} className="mistake" role="alert">
          An address is 0x and 40 digits.
        </span>
      )}
    </div>
  )
}
