/**
 * The command that develops.
 *
 * Main thread. Nothing here runs anything.
 */
import type { CommandFacts } from './command.ts'
import { configOptions } from './options.ts'

/** The commands in the order help lists them. */
export const devCommands: readonly CommandFacts[] = [
  {
    name: 'dev',
    arguments: [
      {
        name: '[entry]',
        sentence: 'File or directory of one application, instead of a configuration file.',
        completes: 'file'
      }
    ],
    takesEntry: true,
    summary: 'Start the server to develop with.',
    description:
      'As start, for the time in which the code changes: one worker for each application, a log for people, a line for each request, and stacks that name the places in TypeScript. An application whose files have changed is started anew while its former code goes on answering, and until the new one starts; what is wrong is told here and, in place of an answer nobody gives, in the browser. rs and Enter start everything anew. Ctrl-C ends at once, a second one by force.',
    options: [
      {
        flags: '--inspect [port]',
        sentence:
          'Open the inspector of every worker on 127.0.0.1, from its start: the first application on this port, 9229 unless told (--inspect=9300), the next ones on those after it. Each keeps its port when it is started anew.',
        variables: []
      },
      {
        flags: '--inspect-brk [port]',
        sentence: 'The same, and every worker waits for a debugger before it loads its application.',
        variables: []
      },
      {
        flags: '--next-port',
        sentence: 'When the public port is in use, take the next one that is free.',
        variables: []
      },
      ...configOptions,
      { flags: '--json', sentence: 'The same as --log-format json.', variables: [] }
    ],
    examples: [
      { line: 'heddle dev', sentence: 'With the configuration in this directory.' },
      { line: 'heddle dev src/server.ts', sentence: 'One application, without a configuration.' },
      { line: 'heddle dev --inspect', sentence: 'With a debugger at 127.0.0.1:9229.' }
    ]
  }
]
