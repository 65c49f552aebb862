/**
 * Options and arguments that several commands have, as values.
 *
 * Main thread. Nothing here runs anything.
 */
import type { Key } from '../../config/key.ts'
import { settings } from '../../config/settings.ts'
import type { Setting } from '../../config/settings.ts'
import type { ArgumentFacts, CommandFacts, OptionFacts } from './command.ts'

const shorts: Readonly<Record<string, string>> = { workers: '-w', port: '-p' }

/** Every setting that can be given on the command line. */
export const configOptions: readonly OptionFacts[] = [
  {
    flags: '-c, --config <path>',
    sentence: 'The configuration file, or the directory it is in.',
    variables: ['HEDDLE_CONFIG'],
    completes: 'file'
  },
  ...settings.map(optionOf)
]

function optionOf({ flag, variables, key }: Setting): OptionFacts {
  const short = shorts[flag]
  const option = {
    flags: `${short === undefined ? '' : `${short}, `}--${flag} <${placeholder(flag, key)}>`,
    sentence: (key.flagSentence ?? key.sentence) + choicesOf(key),
    variables
  }
  return key.kind === 'choice' ? { ...option, completes: key.choices } : option
}

function placeholder(flag: string, key: Key): string {
  if (key.kind === 'choice') return flag === 'access-log' ? 'form' : flag.replace('log-', '')
  if (flag === 'entrypoint') return 'id'
  if (flag === 'workers') return 'count'
  return key.kind === 'text' ? 'address' : 'number'
}

function choicesOf(key: Key): string {
  const sentence = key.flagSentence ?? key.sentence
  if (key.kind !== 'choice' || key.choices.every(choice => sentence.includes(choice))) return ''
  return ` One of ${key.choices.join(', ')}.`
}

/** `--json` of a command that prints one value. */
export const json: OptionFacts = { flags: '--json', sentence: 'Print one JSON object.', variables: [] }

/** How a command finds the server it is about. */
export const whichServer: readonly OptionFacts[] = [
  {
    flags: '-c, --config <path>',
    sentence:
      'The configuration file of the running server, or the directory it is in. The current directory unless told.',
    variables: ['HEDDLE_CONFIG'],
    completes: 'file'
  },
  {
    flags: '--name <name>',
    sentence: 'The name of the running server: that of its directory, unless the configuration has another.',
    variables: [],
    completes: 'server'
  },
  { flags: '--pid <number>', sentence: 'The process of the running server.', variables: [] },
  {
    flags: '--socket <path>',
    sentence: 'The socket of the running server.',
    variables: [],
    completes: 'file'
  }
]

/** The same, for a command that prints one JSON object when it is told to. */
export const serverOptions: readonly OptionFacts[] = [...whichServer, json]

/** An application of the running server. */
export const application: ArgumentFacts = {
  name: '<application>',
  sentence: 'Id of the application.',
  completes: 'application'
}

/** A worker of the running server. */
export const worker: ArgumentFacts = {
  name: '<worker>',
  sentence: 'The worker, as `ps` names it: `api:1`.',
  completes: 'worker'
}

/** What is common to the commands that speak to a running server. */
export const toServer: Pick<CommandFacts, 'arguments' | 'takesEntry' | 'options'> = {
  arguments: [],
  takesEntry: false,
  options: serverOptions
}

/** The words for how urgent a log line is, the least urgent first. */
export const levels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error']
