/**
 * Reads a command line that has nothing special about it, with node's own parser.
 *
 * Main thread; pure. commander takes 12 ms to load, a tenth of a server's start, and is needed only to
 * explain: help, mistakes, suggestions. Whatever is not plain is left to it.
 */
import { parseArgs } from 'node:util'

import { commands } from './command-facts.ts'
import type { OptionFacts } from './command-facts.ts'
import type { Typed } from './program.ts'

/** A command and what was typed for it. */
export interface PlainLine {
  readonly command: string
  readonly typed: Typed
}

/** The command line as commander would read it, or `null` when that has to be asked. */
export function readPlainLine(argv: readonly string[]): PlainLine | null {
  const [command, ...rest] = argv
  const facts = commands.find(({ name }) => name === command)
  if (facts === undefined) return null
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      options: Object.fromEntries(facts.options.map(parserOption)),
      allowPositionals: true
    })
    const [entry] = positionals
    const entryAndConfig = entry !== undefined && values['config'] !== undefined
    if (positionals.length > 1 || entryAndConfig) return null
    return { command: facts.name, typed: { entry, options: values } }
  } catch {
    // An option nobody knows, a value that is missing: commander says it better.
    return null
  }
}

type ParserOption = [string, { type: 'string' | 'boolean'; short?: string }]

/** `-p, --port <number>` as node's parser wants it. */
function parserOption({ flags }: OptionFacts): ParserOption {
  const [, short, name = '', value] = /^(?:-(\w), )?--([\w-]+)( <.+>)?$/.exec(flags) ?? []
  const type = value === undefined ? 'boolean' : 'string'
  return [name, short === undefined ? { type } : { type, short }]
}
