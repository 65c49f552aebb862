/**
 * Reads a command line that has nothing special about it, with node's own parser.
 *
 * Main thread; pure. commander takes 12 ms to load, a tenth of a server's start, and is needed only to
 * explain: help, mistakes, suggestions. Whatever is not plain is left to it.
 */
import { parseArgs } from 'node:util'

import { commands } from './command-facts.ts'
import type { CommandFacts, OptionFacts } from './command-facts.ts'
import type { Typed } from './program.ts'

/** A command and what was typed for it. */
export interface PlainLine {
  readonly command: string
  readonly typed: Typed
}

/** The command line as commander would read it, or `null` when that has to be asked. */
export function readPlainLine(argv: readonly string[]): PlainLine | null {
  const facts = commands.find(({ name }) => name.split(' ').every((word, index) => argv[index] === word))
  if (facts === undefined) return null
  const rest = withEmptyValues(facts, argv.slice(facts.name.split(' ').length))
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      options: Object.fromEntries(facts.options.map(parserOption)),
      allowPositionals: true
    })
    const entryAndConfig = facts.takesEntry && positionals.length > 0 && values['config'] !== undefined
    if (!isCountRight(facts, positionals.length) || entryAndConfig) return null
    return { command: facts.name, typed: { words: positionals, options: values as Typed['options'] } }
  } catch {
    // An option nobody knows, a value that is missing: commander says it better.
    return null
  }
}

function isCountRight({ arguments: wanted }: CommandFacts, count: number): boolean {
  const least = wanted.filter(({ name }) => name.startsWith('<')).length
  const isOpen = wanted.some(({ name }) => name.includes('...'))
  return count >= least && (isOpen || count <= wanted.length)
}

/** What may go without a value gets one behind `=` alone: the word after it is somebody else's. */
function withEmptyValues({ options }: CommandFacts, argv: readonly string[]): string[] {
  const bare = new Set(options.flatMap(({ flags }) => /^(--[\w-]+) \[.+\]$/.exec(flags)?.[1] ?? []))
  const end = argv.indexOf('--')
  return argv.map((word, index) => (bare.has(word) && (end === -1 || index < end) ? `${word}=` : word))
}

type ParserOption = [string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }]

/** `-p, --port <number>` as node's parser wants it. */
function parserOption({ flags, isRepeatable = false }: OptionFacts): ParserOption {
  const [, short, name = '', value] = /^(?:-(\w), )?--([\w-]+)( (?:<.+>|\[.+\]))?$/.exec(flags) ?? []
  const type = value === undefined ? 'boolean' : 'string'
  return [
    name,
    { type, ...(short === undefined ? {} : { short }), ...(isRepeatable ? { multiple: true } : {}) }
  ]
}
