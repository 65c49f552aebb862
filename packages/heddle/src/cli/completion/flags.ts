/**
 * What the completion scripts of all shells are made from.
 *
 * Main thread of a command; pure. What runs is asked for when it is needed: `heddle completion applications` and the
 * like print a name per line.
 */
import type { CommandFacts, Completes, OptionFacts } from '../facts/command.ts'

/** The flags of an option apart: `-p, --port <number>`. */
export interface Flags {
  readonly short: string | null
  readonly long: string
  readonly takesValue: boolean
}

/** Takes the flags of an option apart. */
export function flagsOf({ flags }: OptionFacts): Flags {
  const [, short = null, long = '', value] = /^(?:(-\w), )?(--[\w-]+)( <.+>)?(?: \[.+\])?$/.exec(flags) ?? []
  return { short, long, takesValue: value !== undefined }
}

const help: OptionFacts = { flags: '-h, --help', sentence: 'Show help.', variables: [] }

/** The options of a command, help among them. */
export function optionsOf({ options }: CommandFacts): readonly OptionFacts[] {
  return [...options, help]
}

/** Names that are known only while a server runs. */
export const live: readonly Completes[] = ['application', 'worker', 'target', 'server']

/** The word `heddle completion` takes for what may be completed. */
export function plural(completes: Completes): string {
  return `${String(completes)}s`
}
