import { FreshetError } from '@freshet/core'

/** One thing that is wrong in a settings file. */
export type SettingsMistake = {
  /** From 1. */
  readonly line: number
  /** What is wrong and what to do, in one or two sentences. */
  readonly message: string
}

/** A settings file cannot be read as it is. `mistakes` holds all that is wrong, in the order of the lines. */
export class SettingsError extends FreshetError {
  override readonly name: string = 'SettingsError'
  readonly mistakes: readonly SettingsMistake[]

  constructor(file: string, mistakes: readonly SettingsMistake[]) {
    const shown = mistakes.slice(0, mostShown).map(({ line, message }) => `${file}:${line}: ${message}`)
    if (mistakes.length > mostShown) shown.push(`${file}: and ${mistakes.length - mostShown} more`)
    super({ code: 'settings/bad-settings', kind: 'usage', message: shown.join('\n') })
    this.mistakes = mistakes
  }
}

const mostShown = 20
