/**
 * The commands that look at a running server and change nothing.
 *
 * Main thread. Nothing here runs anything.
 */
import type { CommandFacts, OptionFacts } from './command.ts'
import { levels, serverOptions, toServer, whichServer } from './options.ts'

const eachAsJson: OptionFacts = {
  flags: '--json',
  sentence: 'Print one JSON object per line.',
  variables: []
}

/** The commands in the order help lists them. */
export const observeCommands: readonly CommandFacts[] = [
  {
    ...toServer,
    name: 'ps',
    summary: 'Show what runs, and what is not well.',
    description:
      'Shows every worker of the running server: its state, for how long its thread has run, how often it was replaced, how busy its event loop is and how late, its heap, what it has in flight, requests a second and their 99th percentile over the last ten seconds, and why it is not well. Columns that do not fit the terminal are left out, the least important first. It answers also when every worker is blocked.',
    options: [
      {
        flags: '-a, --all',
        sentence: 'Every server of this user, one line each.',
        variables: []
      },
      {
        flags: '--wide',
        sentence: 'Every column, whatever the width of the terminal.',
        variables: []
      },
      ...serverOptions
    ],
    examples: [
      { line: 'heddle ps', sentence: 'The server whose configuration is in this directory.' },
      { line: 'heddle ps --all', sentence: 'Which servers run?' },
      { line: 'heddle ps --pid 4711 --json', sentence: 'Another one, for another program to read.' }
    ]
  },
  {
    ...toServer,
    name: 'top',
    summary: 'Watch the workers, live.',
    description:
      'Shows the same as ps once a second, with the last minute of each application, and takes keys: up and down choose a worker, s and S the column it is sorted by, d drains the worker, y makes it ready again, r restarts it, l shows its log, p profiles its processor time, ? helps, q quits. Into a pipe it prints a table a second, until the reader has seen enough.',
    options: whichServer,
    examples: [
      { line: 'heddle top', sentence: 'Which worker is slow, and why?' },
      { line: 'heddle top | head -40', sentence: 'A few seconds of it as text.' }
    ]
  },
  {
    ...toServer,
    name: 'logs',
    arguments: [
      {
        name: '[application]',
        sentence: 'Id of the application, or a worker of it (`api:1`); all unless told.',
        completes: 'target'
      }
    ],
    options: [
      { flags: '-f, --follow', sentence: 'Go on with new lines until Ctrl-C.', variables: [] },
      {
        flags: '--worker <number>',
        sentence: 'Only lines of this worker of the application.',
        variables: []
      },
      {
        flags: '-l, --level <level>',
        sentence: `The least urgent lines that are shown. One of ${levels.join(', ')}.`,
        variables: [],
        completes: levels
      },
      {
        flags: '-n, --tail <lines>',
        sentence: 'How many of the last lines; 100 unless told.',
        variables: []
      },
      ...whichServer,
      eachAsJson
    ],
    summary: 'Show the log, also of workers that have crashed.',
    description:
      'Shows the last lines of all threads of the running server in the order they were written, whatever its log is written to; also the last ones of a thread that has crashed. With --follow it goes on, also when the connection was lost, and waits for the next server in its place when this one has stopped.',
    examples: [
      { line: 'heddle logs -f', sentence: 'Everything, as it happens.' },
      { line: 'heddle logs api:1 --level warn', sentence: 'What does this worker complain about?' },
      { line: 'heddle logs --json | jq -r .message', sentence: 'For another program to read.' }
    ]
  },
  {
    ...toServer,
    name: 'events',
    arguments: [
      {
        name: '[name...]',
        sentence: 'Names of events, such as `worker:blocked`, or all of a kind: `worker`.'
      }
    ],
    options: [
      { flags: '-f, --follow', sentence: 'Go on with new events until Ctrl-C.', variables: [] },
      {
        flags: '--application <id>',
        sentence: 'Only those about this application.',
        variables: [],
        completes: 'application'
      },
      {
        flags: '--worker <worker>',
        sentence: 'Only those about this worker, as ps names it: `api:1`.',
        variables: [],
        completes: 'worker'
      },
      ...whichServer,
      eachAsJson
    ],
    summary: 'Show what has happened in the server.',
    description:
      'Shows the last thousand events of the running server: what started, crashed, was replaced, was blocked and where, and why. With --follow it goes on with those that come.',
    examples: [
      { line: 'heddle events', sentence: 'What has happened?' },
      { line: 'heddle events -f worker:blocked --json', sentence: 'For another program to act on.' }
    ]
  },
  {
    ...toServer,
    name: 'metrics',
    options: [
      {
        flags: '--application <id>',
        sentence: 'Only those of this application.',
        variables: [],
        completes: 'application'
      },
      ...whichServer
    ],
    summary: 'Print all metrics in the form Prometheus reads.',
    description:
      'Prints what a Prometheus server gets at /metrics: of the server, the applications and their workers, and what applications measure themselves.',
    examples: [{ line: 'heddle metrics --application api | grep duration', sentence: 'One part of them.' }]
  },
  {
    ...toServer,
    name: 'inject',
    arguments: [
      { name: '<application>', sentence: 'Id of the application.', completes: 'application' },
      { name: '[path]', sentence: 'Path and query; `/` unless told.' }
    ],
    options: [
      {
        flags: '-X, --method <method>',
        sentence: 'GET unless told; POST when there is data.',
        variables: []
      },
      {
        flags: '-H, --header <line>',
        sentence: 'A header as `Name: value`; may be given often.',
        variables: [],
        isRepeatable: true
      },
      {
        flags: '-d, --data <text>',
        sentence: 'The body; `@file` reads it from a file, `@-` from standard input.',
        variables: []
      },
      { flags: '--data-stdin', sentence: 'The body comes from standard input.', variables: [] },
      { flags: '-i, --include', sentence: 'Print status and headers before the body.', variables: [] },
      {
        flags: '-o, --output <file>',
        sentence: 'Write the body to this file.',
        variables: [],
        completes: 'file'
      },
      {
        flags: '-f, --fail',
        sentence: 'End with code 22 when the status is 400 or more, or the answer is not complete.',
        variables: []
      },
      {
        flags: '--worker <number>',
        sentence: 'The worker that is to answer; any that is ready unless told.',
        variables: []
      },
      { flags: '--timeout <seconds>', sentence: 'How long to wait for the answer.', variables: [] },
      ...serverOptions
    ],
    summary: 'Send a request to an application, without the network.',
    description:
      'Sends one request to an application through the mesh, also to one that no route leads to, and prints the body of the answer as it is. Bodies may have 10 MB.',
    examples: [
      { line: 'heddle inject api /health -i', sentence: 'Does it answer?' },
      {
        line: `heddle inject api /users -d '{"name":"Ada"}' -H 'content-type: application/json'`,
        sentence: 'With a body.'
      },
      { line: 'heddle inject api /health --worker 2 -f', sentence: 'One worker, for a script.' }
    ]
  }
]
