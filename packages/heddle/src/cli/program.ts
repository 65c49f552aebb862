/**
 * Makes the command line out of the facts about the commands.
 *
 * Runs in the main thread; also used by the generator of the reference. The code of a command is imported
 * only when that command runs.
 */
import { Command, Option } from 'commander'

import { groups, sections } from './command-facts.ts'
import type { CommandFacts, OptionFacts } from './command-facts.ts'

/** What was typed for one option: a switch is `true`, what may be given often is a list. */
export type OptionValue = string | boolean | readonly string[] | undefined

/** What was typed for one command. */
export interface Typed {
  /** What was typed beside options: an entry, the ids of applications. */
  readonly words: readonly string[]
  /** Options by their long names without dashes. */
  readonly options: Readonly<Record<string, OptionValue>>
}

/** Runs one command and resolves with the exit code; `null` leaves it to whoever ends the process. */
export type Run = (typed: Typed) => Promise<number | null>

/** Finds the code of a command by its name. */
export type FindRun = (name: string) => Promise<Run>

/** The command line. `finish` gets the exit code of the command that ran. */
export function createProgram(
  version: string,
  findRun: FindRun,
  finish: (code: number | null) => void
): Command {
  const program = new Command('heddle')
    .description('A multithreaded application server for Node.js.')
    .version(version, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Show help.')
    .helpCommand('help [command]', 'Show help for a command.')
    .showSuggestionAfterError(true)
    .showHelpAfterError('Run "heddle --help" for all commands.')
    .exitOverride()
  program.addHelpText('after', '\nRun "heddle <command> --help" for the options of a command and examples.')
  for (const [section, commands] of Object.entries(sections)) {
    program.commandsGroup(section)
    for (const facts of commands) {
      addCommand(program, facts, async typed => finish(await (await findRun(facts.name))(typed)))
    }
  }
  return program
}

function addCommand(program: Command, facts: CommandFacts, action: (typed: Typed) => Promise<void>): void {
  const [name = '', group] = facts.name.split(' ').toReversed()
  const command = (group === undefined ? program : groupOf(program, group))
    .command(name)
    .summary(facts.summary)
    .description(facts.description)
    .helpOption('-h, --help', 'Show help.')
    .showHelpAfterError(`Run "heddle ${facts.name} --help" for its options.`)
    .addHelpText('after', examplesText(facts))
    .exitOverride()
  for (const { name: argument, sentence } of facts.arguments) command.argument(argument, sentence)
  for (const option of facts.options) command.addOption(optionOf(option))
  command.action(() => {
    const words = command.args
    const [entry] = words
    const options = typedOptions(command)
    if (facts.takesEntry && entry !== undefined && options['config'] !== undefined) {
      command.error(`error: --config and the entry '${entry}' exclude each other`)
    }
    return action({ words, options })
  })
}

function optionOf({ flags, sentence, variables, isRepeatable = false }: OptionFacts): Option {
  const variable = variables.length === 0 ? '' : ` (${variables.join(' or ')})`
  const option = new Option(flags, sentence + variable)
  if (!isRepeatable) return option
  return option.argParser<readonly string[]>((value, earlier) => [
    ...(Array.isArray(earlier) ? earlier : []),
    value
  ])
}

function groupOf(program: Command, name: string): Command {
  const known = program.commands.find(command => command.name() === name)
  return (
    known ??
    program
      .command(name)
      .summary(groups[name] ?? '')
      .description(groups[name] ?? '')
      .helpOption('-h, --help', 'Show help.')
      .helpCommand(false)
      .exitOverride()
  )
}

function typedOptions(command: Command): Typed['options'] {
  const values: Record<string, OptionValue> = {}
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName())
    const isList = Array.isArray(value) && value.every(item => typeof item === 'string')
    if (isList || typeof value === 'string' || typeof value === 'boolean') values[option.name()] = value
  }
  return values
}

function examplesText({ examples }: CommandFacts): string {
  const lines = examples.map(({ line, sentence }) => `  ${line}\n      ${sentence}`)
  return `\nExamples:\n${lines.join('\n')}`
}
