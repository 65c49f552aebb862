/**
 * Every command with its options and examples, as values.
 *
 * `program.ts` makes the command line of it, the generated reference its page. Nothing here runs anything.
 */
import type { Key } from '../config/key.ts'
import { settings } from '../config/settings.ts'

/** One option of a command. */
export interface OptionFacts {
  /** As commander wants it: `-p, --port <number>`. */
  readonly flags: string
  readonly sentence: string
  /** Environment variables that do the same, the strongest first. */
  readonly variables: readonly string[]
}

/** One command. */
export interface CommandFacts {
  readonly name: string
  /** Its arguments: `[entry]`. */
  readonly argument: { readonly name: string; readonly sentence: string } | null
  readonly summary: string
  /** What it does, in a few sentences. */
  readonly description: string
  readonly options: readonly OptionFacts[]
  readonly examples: readonly { readonly line: string; readonly sentence: string }[]
}

const config: OptionFacts = {
  flags: '-c, --config <path>',
  sentence: 'The configuration file, or the directory it is in.',
  variables: ['HEDDLE_CONFIG']
}

const shorts: Readonly<Record<string, string>> = { workers: '-w', port: '-p' }

const configOptions: readonly OptionFacts[] = [
  config,
  ...settings.map(({ flag, variables, key }) => ({
    flags: `${shorts[flag] === undefined ? '' : `${shorts[flag]}, `}--${flag} <${placeholder(flag, key)}>`,
    sentence: (key.flagSentence ?? key.sentence) + choicesOf(key),
    variables
  }))
]

function placeholder(flag: string, key: Key): string {
  if (key.kind === 'choice') return flag.replace('log-', '')
  if (flag === 'entrypoint') return 'id'
  if (flag === 'workers') return 'count'
  return key.kind === 'text' ? 'address' : 'number'
}

const entry = {
  name: '[entry]',
  sentence: 'File or directory of one application, instead of a configuration file.'
}

function choicesOf(key: Key): string {
  return key.kind === 'choice' ? ` One of ${key.choices.join(', ')}.` : ''
}

/** All commands in the order help lists them. */
export const commands: readonly CommandFacts[] = [
  {
    name: 'start',
    argument: entry,
    summary: 'Start the server.',
    description:
      'Starts every application of the configuration, or the one application named, and opens the public port when all of them are ready. Runs until SIGTERM or SIGINT, then finishes what is in flight; a second signal hurries.',
    options: [
      ...configOptions,
      { flags: '--json', sentence: 'The same as --log-format json.', variables: [] }
    ],
    examples: [
      { line: 'heddle start', sentence: 'With the configuration in this directory.' },
      {
        line: 'heddle start server.js --workers 4 --port 8080',
        sentence: 'One application, without a configuration.'
      },
      {
        line: 'heddle start --config deploy/heddle.json --hostname 0.0.0.0',
        sentence: 'Reachable from other machines.'
      }
    ]
  },
  {
    name: 'check',
    argument: entry,
    summary: 'Check the configuration and start nothing.',
    description:
      'Reads the configuration as start would and lists every mistake in it, each with its path and what was written there. Ends with code 78 when there is one.',
    options: [...configOptions, { flags: '--json', sentence: 'Print one JSON object.', variables: [] }],
    examples: [
      { line: 'heddle check', sentence: 'Before a commit or a deployment.' },
      { line: 'heddle check --config heddle.json --json', sentence: 'For another program to read.' }
    ]
  },
  {
    name: 'config',
    argument: entry,
    summary: 'Print the configuration with everything resolved.',
    description:
      'Prints what start would use: defaults applied, variables put in, paths absolute, flags and environment laid over the file. Of the environment of the applications only what differs from this one is listed, and values are hidden, as the token is.',
    options: [
      ...configOptions,
      {
        flags: '--show-env',
        sentence: 'Show the values of environment variables and the token.',
        variables: []
      },
      { flags: '--json', sentence: 'Print one JSON object.', variables: [] }
    ],
    examples: [
      { line: 'heddle config --port 8080', sentence: 'What does this flag change?' },
      { line: 'heddle config --json --show-env', sentence: 'Everything, for another program to read.' }
    ]
  }
]
