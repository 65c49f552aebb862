/**
 * The commands that are about a configuration: start it, check it, print it.
 *
 * Main thread. Nothing here runs anything.
 */
import type { ArgumentFacts, CommandFacts } from './command.ts'
import { configOptions, json, whichServer } from './options.ts'

const entry: ArgumentFacts = {
  name: '[entry]',
  sentence: 'File or directory of one application, instead of a configuration file.',
  completes: 'file'
}

/** The commands in the order help lists them. */
export const startCommands: readonly CommandFacts[] = [
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
    options: [...configOptions, json],
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
      'Prints what start would use: defaults applied, variables put in, paths absolute, flags and environment laid over the file. Of the environment of the applications only what differs from this one is listed, and values are hidden, as the token is. With --diff it compares that with what is in force in the running server, key by key except for what is hidden, and ends as diff does: with code 0 when they are the same, with 1 when they differ. Flags and environment count as written: give it those the server was started with.',
    options: [
      ...configOptions,
      {
        flags: '--show-env',
        sentence: 'Show the values of environment variables and the token.',
        variables: []
      },
      {
        flags: '--diff',
        sentence: 'Print only what differs from the configuration in force in the running server.',
        variables: []
      },
      // The configuration is named already.
      ...whichServer.filter(({ flags }) => !flags.includes('--config')),
      json
    ],
    examples: [
      { line: 'heddle config --port 8080', sentence: 'What does this flag change?' },
      { line: 'heddle config --json --show-env', sentence: 'Everything, for another program to read.' },
      { line: 'heddle config --diff', sentence: 'What would a reload change?' }
    ]
  }
]
