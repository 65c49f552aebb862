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

/** One argument of a command. */
export interface ArgumentFacts {
  readonly name: string
  readonly sentence: string
}

/** One command. */
export interface CommandFacts {
  /** One word, or the word of its group and its own: `apps add`. */
  readonly name: string
  /** Its arguments in order: `<id>` has to be there, `[entry]` may be, `[id...]` may be there often. */
  readonly arguments: readonly ArgumentFacts[]
  /** Whether its argument is an application that stands for a whole configuration. */
  readonly takesEntry: boolean
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

const json: OptionFacts = { flags: '--json', sentence: 'Print one JSON object.', variables: [] }

/** How a command finds the server it is about. */
const serverOptions: readonly OptionFacts[] = [
  {
    flags: '-c, --config <path>',
    sentence:
      'The configuration file of the running server, or the directory it is in. The current directory unless told.',
    variables: ['HEDDLE_CONFIG']
  },
  { flags: '--pid <number>', sentence: 'The process of the running server.', variables: [] },
  { flags: '--socket <path>', sentence: 'The socket of the running server.', variables: [] },
  json
]

const application: ArgumentFacts = { name: '<application>', sentence: 'Id of the application.' }

/** What is common to the commands that speak to a running server. */
const toServer = { arguments: [], takesEntry: false, options: serverOptions } as const

/** The commands that only hold others, by name. */
export const groups: Readonly<Record<string, string>> = {
  apps: 'Add, remove, start and stop applications of a running server.'
}

/** All commands in the order help lists them. */
export const commands: readonly CommandFacts[] = [
  {
    name: 'start',
    arguments: [entry],
    takesEntry: true,
    summary: 'Start the server.',
    description:
      'Starts every application of the configuration, or the one application named, and opens the public port when all of them are ready. Runs until SIGTERM or SIGINT, then finishes what is in flight; a second signal hurries. SIGHUP reloads, SIGUSR2 restarts.',
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
    arguments: [entry],
    takesEntry: true,
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
    arguments: [entry],
    takesEntry: true,
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
  },
  {
    ...toServer,
    name: 'ps',
    summary: 'Show what runs.',
    description:
      'Shows every worker of the running server: its state, for how long it has been ready, how often it was replaced after a failure, how many requests it has in flight, and how its last thread ended. It answers also when every worker is blocked.',
    examples: [
      { line: 'heddle ps', sentence: 'The server whose configuration is in this directory.' },
      { line: 'heddle ps --pid 4711 --json', sentence: 'Another one, for another program to read.' }
    ]
  },
  {
    ...toServer,
    name: 'restart',
    arguments: [{ name: '[application...]', sentence: 'Ids of the applications; all unless told.' }],
    summary: 'Replace workers by fresh ones, without losing a request.',
    description:
      'Replaces the workers one after the other (`rollout.concurrency` at a time): the fresh one is ready before the old one goes, and the old one finishes what it has. Returns when all are replaced. A worker whose fresh one does not become ready stays, and the code is 70. The configuration stays what it is; the code of the applications is read anew.',
    examples: [
      { line: 'heddle restart', sentence: 'Every application.' },
      { line: 'heddle restart api jobs', sentence: 'These two.' }
    ]
  },
  {
    ...toServer,
    name: 'reload',
    summary: 'Put new code and new configuration in force, all or nothing.',
    description:
      'Reads the configuration again and checks all of it, starts the new workers of every application beside the old ones, and changes over when all of them are ready. When one does not become ready everything stays as it was, and the code is 70. Applications that are new are started, those that are gone are stopped last; routes, limits and the public port change in place. What can only change with a new process is refused before anything happens, with code 78.',
    examples: [
      { line: 'heddle reload', sentence: 'After a deployment.' },
      { line: 'heddle reload --config /srv/shop', sentence: 'From anywhere.' }
    ]
  },
  {
    ...toServer,
    name: 'scale',
    arguments: [application, { name: '<workers>', sentence: 'How many workers it is to have.' }],
    summary: 'Give an application another number of workers.',
    description:
      'Starts or stops workers until there are that many; those that go finish what they have. Holds until the next reload, which brings back what the configuration says.',
    examples: [{ line: 'heddle scale api 4', sentence: 'Four workers for the application api.' }]
  },
  {
    ...toServer,
    name: 'stop',
    summary: 'Stop the server and wait until it is gone.',
    description:
      'Stops as SIGTERM does: requests in flight are finished until the deadline of `gracefulShutdown`. Returns when the process is gone.',
    examples: [{ line: 'heddle stop', sentence: 'The server whose configuration is in this directory.' }]
  },
  {
    ...toServer,
    name: 'apps add',
    arguments: [
      { name: '<application>', sentence: 'Id of the new application.' },
      { name: '[path]', sentence: 'Its directory.' }
    ],
    options: [
      {
        flags: '--entry <file>',
        sentence: 'File each worker loads, relative to the directory.',
        variables: []
      },
      { flags: '-w, --workers <count>', sentence: 'How many worker threads run it.', variables: [] },
      {
        flags: '--settings <json>',
        sentence: 'Further settings, as in the configuration.',
        variables: []
      },
      ...serverOptions
    ],
    summary: 'Start one more application.',
    description:
      'Starts an application that is not in the configuration and returns when it is ready. Other applications reach it through the mesh. The next reload removes it unless it has been written into the configuration.',
    examples: [
      { line: 'heddle apps add mail ./mail --workers 2', sentence: 'From a directory.' },
      {
        line: `heddle apps add mail ./mail --settings '{"env":{"SMTP":"localhost"}}'`,
        sentence: 'With settings.'
      }
    ]
  },
  {
    ...toServer,
    name: 'apps remove',
    arguments: [application],
    summary: 'Stop an application and forget it.',
    description:
      'Stops an application and forgets it. One that others depend on, or that gets public requests, is left alone, with code 2.',
    examples: [{ line: 'heddle apps remove mail', sentence: 'Until it is added again, or the next reload.' }]
  },
  {
    ...toServer,
    name: 'apps start',
    arguments: [application],
    summary: 'Start an application that was stopped.',
    description:
      'Starts an application that was stopped, and first what it depends on. Returns when it is ready.',
    examples: [{ line: 'heddle apps start jobs', sentence: 'After `heddle apps stop jobs`.' }]
  },
  {
    ...toServer,
    name: 'apps stop',
    arguments: [application],
    summary: 'Stop an application, the others run on.',
    description:
      'Stops an application; it stays known and can be started again. Requests in flight are finished, further ones are answered 503. One that others depend on is left alone, with code 2.',
    examples: [{ line: 'heddle apps stop jobs', sentence: 'While the database is being moved.' }]
  }
]
