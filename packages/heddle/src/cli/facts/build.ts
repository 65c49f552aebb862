/**
 * The command that builds applications.
 *
 * Main thread. Nothing here runs anything.
 */
import type { CommandFacts } from './command.ts'
import { json } from './options.ts'

/** The commands in the order help lists them. */
export const buildCommands: readonly CommandFacts[] = [
  {
    name: 'build',
    arguments: [{ name: '[application...]', sentence: 'Ids of applications; all unless told.' }],
    takesEntry: false,
    options: [
      {
        flags: '-c, --config <path>',
        sentence: 'The configuration file, or the directory it is in.',
        variables: ['HEDDLE_CONFIG'],
        completes: 'file'
      },
      {
        flags: '--concurrency <number>',
        sentence: 'Builds at the same time; as many as there are CPUs unless told.',
        variables: []
      },
      {
        flags: '-v, --verbose',
        sentence: 'Show the output of every build as it comes, not only of those that fail.',
        variables: []
      },
      json
    ],
    summary: 'Build the applications.',
    description:
      'Runs the script "build" of each application, or the command of its key `build`, with the package manager of the project: first those of the packages of the workspace it depends on, then those of the applications it names in `dependencies`, side by side where none waits for another. After a failure nothing further is begun, and the code is 65. Ctrl-C ends all processes of all builds. Variables and env files of the configuration that are missing hold no build up, unless a path or a build needs them.',
    examples: [
      { line: 'heddle build', sentence: 'Everything that has a build.' },
      { line: 'heddle build web', sentence: 'One application and the packages it depends on.' },
      { line: 'heddle build --concurrency 1 --verbose', sentence: 'One after another, all output shown.' }
    ]
  }
]
