/**
 * Every command with its options and examples, as values.
 *
 * `program.ts` makes the command line of it, the generated reference its page. Nothing here runs anything.
 */
import type { CommandFacts } from './facts/command.ts'
import { buildCommands } from './facts/build.ts'
import { devCommands } from './facts/dev.ts'
import { diagnoseCommands } from './facts/diagnose.ts'
import { initCommands } from './facts/init.ts'
import { measureCommands } from './facts/measure.ts'
import { observeCommands } from './facts/observe.ts'
import { operateCommands } from './facts/operate.ts'
import { startCommands } from './facts/start.ts'

export type { ArgumentFacts, CommandFacts, Completes, OptionFacts } from './facts/command.ts'

/** The commands that only hold others, by name. */
export const groups: Readonly<Record<string, string>> = {
  apps: 'List, add, remove, start and stop applications of a running server.'
}

/** All commands by what they are for, in the order help lists them. */
export const sections: Readonly<Record<string, readonly CommandFacts[]>> = {
  'Start a server:': [...initCommands, ...devCommands, ...startCommands, ...buildCommands],
  'Look at it:': [...observeCommands, ...measureCommands],
  'Change it:': operateCommands,
  'Look into one worker, and type less:': diagnoseCommands
}

/** All commands in that order. */
export const commands: readonly CommandFacts[] = Object.values(sections).flat()
