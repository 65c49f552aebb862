/**
 * The commands that change a running server.
 *
 * Main thread. Nothing here runs anything.
 */
import type { CommandFacts } from './command.ts'
import { application, levels, serverOptions, toServer, worker } from './options.ts'

/** The commands in the order help lists them. */
export const operateCommands: readonly CommandFacts[] = [
  {
    ...toServer,
    name: 'restart',
    arguments: [
      {
        name: '[application...]',
        sentence: 'Ids of applications, or workers (`api:1`); everything unless told.',
        completes: 'target'
      }
    ],
    summary: 'Replace workers by fresh ones, without losing a request.',
    description:
      'Replaces the workers one after the other (`rollout.concurrency` at a time): the fresh one is ready before the old one goes, and the old one finishes what it has. Returns when all are replaced. A worker whose fresh one does not become ready stays, and the code is 70. The configuration stays what it is; the code of the applications is read anew.',
    examples: [
      { line: 'heddle restart', sentence: 'Every application.' },
      { line: 'heddle restart api jobs', sentence: 'These two.' },
      { line: 'heddle restart api:1', sentence: 'One worker.' }
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
    arguments: [
      application,
      {
        name: '<workers>',
        sentence: 'How many workers it is to have, or `auto` for as many as the configuration says.',
        completes: ['auto']
      }
    ],
    summary: 'Give an application another number of workers.',
    description:
      'Starts or stops workers until there are that many; those that go finish what they have. The number stays, whatever the load, until `heddle scale <application> auto` or the next reload: then it is what the configuration says, and follows the load again where it may.',
    examples: [
      { line: 'heddle scale api 4', sentence: 'Four workers for the application api, whatever its load.' },
      { line: 'heddle scale api auto', sentence: 'As many as its load needs again.' }
    ]
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
    name: 'drain',
    arguments: [worker],
    summary: 'Give a worker no new requests.',
    description:
      'Takes a worker out of balancing until `heddle ready`: it finishes what it has and stays as it is, to be looked at. One that cannot be spared is left alone, with code 75.',
    examples: [{ line: 'heddle drain api:1', sentence: 'Before a heap snapshot, which holds it up.' }]
  },
  {
    ...toServer,
    name: 'ready',
    arguments: [worker],
    summary: 'Give a drained worker requests again.',
    description: 'Takes back what `heddle drain` did.',
    examples: [{ line: 'heddle ready api:1', sentence: 'After `heddle drain api:1`.' }]
  },
  {
    ...toServer,
    name: 'level',
    arguments: [
      application,
      {
        name: '<level>',
        sentence: `The least urgent lines that are written: ${levels.join(', ')} or silent.`,
        completes: [...levels, 'silent']
      }
    ],
    summary: 'Change how much an application logs.',
    description: 'Changes the log level of an application while it runs, until the next reload.',
    examples: [{ line: 'heddle level api debug', sentence: 'To see more of what it does.' }]
  },
  {
    ...toServer,
    name: 'apps list',
    summary: 'List the applications.',
    description:
      'Lists the applications of the running server: what each was recognised as, its phase, and how many of its workers are ready.',
    examples: [{ line: 'heddle apps list', sentence: 'What is there?' }]
  },
  {
    ...toServer,
    name: 'apps add',
    arguments: [
      { name: '<application>', sentence: 'Id of the new application.' },
      { name: '[path]', sentence: 'Its directory.', completes: 'directory' }
    ],
    options: [
      {
        flags: '--entry <file>',
        sentence: 'File each worker loads, relative to the directory.',
        variables: [],
        completes: 'file'
      },
      {
        flags: '-w, --workers <count>',
        sentence: 'How many worker threads run it: 4, or 2-6 for a number that follows its load.',
        variables: []
      },
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
