import { useState } from 'react'
import type { ColumnType, Maybe, RecordConflict, Resolution } from '@freshet/core'
import { ShownText } from '../value/shown-text.tsx'
import { FieldEditor } from './field-editor.tsx'

export type ConflictPickerProps = {
  readonly type: ColumnType
  readonly conflict: RecordConflict
  onResolve(how: Resolution): void
}

/** What both sides made of a field, beside what they started from, and the ways to end it. */
export function ConflictPicker({ type, conflict, onResolve }: ConflictPickerProps) {
  const { field, base, local, remote } = conflict
  const [other, setOther] = useState<{ readonly value: Maybe }>()
  const otherId = `other-${field}`
  return (
    <div className="conflict" role="group" aria-label={`Conflict of ${field}`}>
      <dl className="sides">
        <Side name="base" value={base} />
        <Side name="mine" value={local} />
        <Side name="theirs" value={remote} />
      </dl>
      <div className="choices">
        <button type="button" onClick={() => onResolve('local')}>
          Keep mine
        </button>
        <button type="button" onClick={() => onResolve('remote')}>
          Take theirs
        </button>
        <button
          type="button"
          aria-expanded={other !== undefined}
          onClick={() => setOther(other === undefined ? { value: local } : undefined)}
        >
          Type another
        </button>
      </div>
      {other && (
        <div className="other">
          <label className="hidden" htmlFor={otherId}>
            Another value of {field}
          </label>
          <FieldEditor
            id={otherId}
            type={type}
            value={other.value}
            isInvalid={false}
            describedBy={undefined}
            onEdit={(value) => setOther({ value })}
          />
          <button type="button" className="primary" onClick={() => onResolve(other)}>
            Use this
          </button>
        </div>
      )}
    </div>
  )
}

function Side({ name, value }: { readonly name: string; readonly value: Maybe }) {
  return (
    <div className="side" data-side={name}>
      <dt>{name}</dt>
      <dd>
        <ShownText value={value} />
      </dd>
    </div>
  )
}
