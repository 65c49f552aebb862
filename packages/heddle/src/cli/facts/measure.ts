/**
 * The command that tries how a server holds under load.
 *
 * Main thread. Nothing here runs anything.
 */
import type { CommandFacts, OptionFacts } from './command.ts'
import { serverOptions, toServer } from './options.ts'

const target = (flags: string, sentence: string): OptionFacts => ({ flags, sentence, variables: [] })

/** The commands in the order help lists them. */
export const measureCommands: readonly CommandFacts[] = [
  {
    ...toServer,
    name: 'bench',
    arguments: [
      {
        name: '<target>',
        sentence: 'A URL, or the id of an application of the running server.',
        completes: 'application'
      },
      {
        name: '[path]',
        sentence: 'Path and query, as the application sees them; the beginning of it unless told.'
      }
    ],
    options: [
      target('-n, --connections <number>', 'Connections that send; 10 unless told.'),
      target('-d, --duration <seconds>', 'How long requests are sent; 10 unless told.'),
      target('-a, --amount <number>', 'Send so many requests, however long that takes.'),
      target(
        '-r, --rate <number>',
        'Requests a second, evenly. One that has to wait for a connection counts from when it was due. As many as are answered unless told.'
      ),
      target('--warm-up <seconds>', 'Send as long before anything is counted; 0 unless told.'),
      target('--pipelining <number>', 'Requests at a time on one connection; 1 unless told.'),
      target('--threads <number>', 'Threads that send; 1 unless told.'),
      target('--timeout <seconds>', 'How long a request may take; 10 unless told.'),
      target('-X, --method <method>', 'GET unless told; POST when there is data.'),
      {
        flags: '-H, --header <line>',
        sentence: 'A header as `Name: value`; may be given often.',
        variables: [],
        isRepeatable: true
      },
      target('--data <text>', 'The body; `@file` reads it from a file, `@-` from standard input.'),
      target('--p50 <ms>', 'Target: half of the requests within so many milliseconds.'),
      target('--p90 <ms>', 'Target: 90 of 100 requests.'),
      target('--p99 <ms>', 'Target: 99 of 100 requests.'),
      target('--p999 <ms>', 'Target: 999 of 1000 requests.'),
      target('--rps <number>', 'Target: at least so many answers a second.'),
      target(
        '--errors <number>',
        'Target: at most so many requests, or a part of them such as `0.1%`, without an answer or with a status of 400 or more.'
      ),
      ...serverOptions
    ],
    summary: 'Put load on a URL or an application, and measure.',
    description:
      'Sends requests with autocannon, which has to be installed (npm install --save-dev autocannon), and shows times, their distribution, requests a second, statuses and errors; of an application also what its server saw. Targets decide the exit code: 99 when one is missed, or when nothing is answered. Ctrl-C ends it early and shows what there is, with code 130.',
    examples: [
      { line: 'heddle bench api /users', sentence: 'As much as the application answers, for ten seconds.' },
      {
        line: 'heddle bench http://127.0.0.1:3000/ -n 50 -d 30 --warm-up 5 --p99 20 --rps 5000 --errors 0',
        sentence: 'In CI: does it keep what was promised?'
      },
      {
        line: 'heddle bench api --rate 2000 -n 100 --p99 50 --json',
        sentence: 'At a load that users would bring, whatever the server does.'
      }
    ]
  }
]
