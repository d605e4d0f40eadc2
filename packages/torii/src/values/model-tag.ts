import { FreshetError } from '@freshet/core'
import { byteArrayFelts } from './byte-array.ts'
import { feltText } from './felt.ts'
import { poseidonHash } from './poseidon.ts'

/** A namespace and a name: `ns-Position`. The name has no dash, the namespace may. */
export type ModelTag = { readonly namespace: string; readonly name: string }

const tagForm = /^([A-Za-z0-9_-]+)-([A-Za-z0-9_]+)$/

export function isModelTag(tag: string): boolean {
  return tagForm.test(tag)
}

/** @throws {FreshetError} `torii/bad-model-tag` */
export function parseModelTag(tag: string): ModelTag {
  const [, namespace, name] = tagForm.exec(tag) ?? []
  if (namespace !== undefined && name !== undefined) return { namespace, name }
  throw new FreshetError({
    code: 'torii/bad-model-tag',
    kind: 'usage',
    message: `${JSON.stringify(tag)} names no model; write its namespace, a dash and its name, such as ns-Position.`,
  })
}

/**
 * The selector of a model: Poseidon of the hashes of its namespace and its name.
 *
 * @throws {FreshetError} `torii/bad-model-tag`
 */
export function modelSelector(tag: string): string {
  const { namespace, name } = parseModelTag(tag)
  return feltText(poseidonHash([textHash(namespace), textHash(name)]))
}

function textHash(text: string): bigint {
  return poseidonHash(byteArrayFelts(text))
}
