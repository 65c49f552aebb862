/**
 * The commands that look into one worker, and the one that helps with typing.
 *
 * Main thread. Nothing here runs anything.
 */
import type { CommandFacts, OptionFacts } from './command.ts'
import { serverOptions, toServer, worker } from './options.ts'

const output: OptionFacts = {
  flags: '-o, --output <file>',
  sentence: 'The file to write; named after the worker and the time unless told. `-` is standard output.',
  variables: [],
  completes: 'file'
}

/** The commands in the order help lists them. */
export const diagnoseCommands: readonly CommandFacts[] = [
  {
    ...toServer,
    name: 'profile',
    arguments: [
      {
        name: '<type>',
        sentence: '`cpu`: where its time goes; `heap`: what allocates its memory.',
        completes: ['cpu', 'heap']
      },
      worker
    ],
    options: [
      { flags: '--seconds <number>', sentence: 'For how long; 5 unless told, at most 300.', variables: [] },
      output,
      ...serverOptions
    ],
    summary: 'Profile a worker.',
    description:
      'Records where a worker spends its processor time, or what allocates its memory, while it goes on answering. The file opens in the DevTools of Chrome and in speedscope.',
    examples: [
      { line: 'heddle profile cpu api:1', sentence: 'Why is it busy?' },
      {
        line: 'heddle profile heap api:1 --seconds 30 -o api.heapprofile',
        sentence: 'Who allocates so much?'
      }
    ]
  },
  {
    ...toServer,
    name: 'heap',
    arguments: [worker],
    options: [output, ...serverOptions],
    summary: 'Write down everything on the heap of a worker.',
    description:
      'Writes a heap snapshot, which opens in the Memory panel of the DevTools of Chrome. The worker stands still meanwhile, about a second for each 100 MB, and needs as much memory again: drain it first.',
    examples: [{ line: 'heddle drain api:1 && heddle heap api:1', sentence: 'What does it hold on to?' }]
  },
  {
    ...toServer,
    name: 'inspect',
    arguments: [worker],
    options: [
      {
        flags: '--port <number>',
        sentence: 'Port of the inspector; any free one unless told.',
        variables: []
      },
      ...serverOptions
    ],
    summary: 'Open the inspector of a worker.',
    description:
      'Opens the inspector of one worker on this machine, prints where debuggers find it, and closes it again on Ctrl-C. A breakpoint holds this worker up, and no other.',
    examples: [{ line: 'heddle inspect api:1', sentence: 'With the DevTools of Chrome, or an editor.' }]
  },
  {
    name: 'completion',
    arguments: [
      {
        name: '<shell>',
        sentence:
          'bash, zsh or fish prints the script of that shell. What the scripts ask for is here too: applications, workers, targets (both) and servers print the names of what runs.',
        completes: ['bash', 'zsh', 'fish']
      }
    ],
    takesEntry: false,
    options: [],
    summary: 'Print a completion script for a shell.',
    description:
      'Prints a script that makes the shell complete commands, options, and the applications and workers of the server that runs in the current directory.',
    examples: [
      {
        line: 'heddle completion bash > ~/.local/share/bash-completion/completions/heddle',
        sentence: 'For bash.'
      },
      { line: 'heddle completion zsh > "${fpath[1]}/_heddle"', sentence: 'For zsh.' },
      { line: 'heddle completion fish > ~/.config/fish/completions/heddle.fish', sentence: 'For fish.' }
    ]
  }
]
