/**
 * The command that writes a configuration.
 *
 * Main thread. Nothing here runs anything.
 */
import type { CommandFacts } from './command.ts'
import { json } from './options.ts'

/** It alone: what one begins with. */
export const initCommands: readonly CommandFacts[] = [
  {
    name: 'init',
    arguments: [
      {
        name: '[directory]',
        sentence: 'The project: the current directory unless told; made when it is not there.',
        completes: 'directory'
      }
    ],
    takesEntry: false,
    summary: 'Write a configuration for the applications of a directory.',
    description:
      'Finds the applications of a project by its workspaces, its directories and the scripts that start them, and writes heddle.config.ts with the few keys people change. In an empty directory it writes a small application too. With --from it translates a configuration of Watt (watt.json) or of PM2 (ecosystem.config.js, which is run for that), and says of every setting that is not carried over as it was what became of it. It asks little, and nothing without a terminal; it replaces no file. In the end it checks what it has written, and ends with code 78 when that cannot be used yet.',
    options: [
      {
        flags: '--from <file>',
        sentence: 'Translate this file: watt.json, platformatic.json, ecosystem.config.js or .json.',
        variables: [],
        completes: 'file'
      },
      { flags: '-y, --yes', sentence: 'Ask nothing, and take what would be proposed.', variables: [] },
      {
        flags: '--entrypoint <id>',
        sentence: 'The application that answers the public port.',
        variables: []
      },
      { flags: '-p, --port <number>', sentence: 'The public port.', variables: [] },
      {
        flags: '--format <format>',
        sentence: 'What the configuration is written in. One of ts, js, json.',
        variables: [],
        completes: ['ts', 'js', 'json']
      },
      {
        flags: '--framework <name>',
        sentence: 'What a new application is written with. One of http, fastify, express, hono, koa.',
        variables: [],
        completes: ['http', 'fastify', 'express', 'hono', 'koa']
      },
      { flags: '--force', sentence: 'Replace the configuration that is there.', variables: [] },
      {
        flags: '--dry-run',
        sentence: 'Write no file: print the configuration, and the rest to standard error.',
        variables: []
      },
      json
    ],
    examples: [
      { line: 'heddle init', sentence: 'In the directory of a project, or in an empty one.' },
      { line: 'heddle init shop --yes --framework fastify', sentence: 'A new project, without a question.' },
      { line: 'heddle init --from ecosystem.config.js', sentence: 'What PM2 runs, run by Heddle.' },
      { line: 'heddle init --from watt.json --dry-run', sentence: 'What would become of it?' }
    ]
  }
]
