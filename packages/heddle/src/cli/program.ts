/**
 * Makes the command line out of the facts about the commands.
 *
 * Runs in the main thread; also used by the generator of the reference. The code of a command is imported
 * only when that command runs.
 */
import { Command, Option } from 'commander'

import { didYouMean } from '../config/nearest.ts'
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
    .helpCommand(false)
    .configureHelp({ minWidthToWrap: leastHelpWidth, subcommandTerm: termOf })
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
  addHelp(program)
  return program
}

/** Sentences beside options are broken into lines on terminals that leave them so many characters. */
const leastHelpWidth = 16

/** A command in a list of them; that it has options goes without saying. */
function termOf(command: Command): string {
  const words = command.registeredArguments.map(argument => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name()
    return argument.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...words].join(' ')
}

/** `heddle help apps add`: commander's own takes an unknown command for a wish to see everything. */
function addHelp(program: Command): void {
  const find = (words: readonly string[]): Command | undefined =>
    words.reduce<Command | undefined>(
      (above, word) => above?.commands.find(command => command.name() === word),
      program
    )
  program.commandsGroup('Commands:')
  program
    .command('help')
    .argument('[command...]')
    .summary('Show help for a command.')
    .description('Shows help for a command.')
    .helpOption('-h, --help', 'Show help.')
    .exitOverride()
    .action((words: readonly string[]) => {
      const found = find(words)
      if (found !== undefined) found.help()
      const known = program.commands.map(command => command.name())
      program.error(`error: unknown command '${words.join(' ')}'${didYouMean(words.join(' '), known)}`)
    })
}

function addCommand(program: Command, facts: CommandFacts, action: (typed: Typed) => Promise<void>): void {
  const [name = '', group] = facts.name.split(' ').toReversed()
  const command = (group === undefined ? program : groupOf(program, group))
    .command(name)
    .summary(facts.summary)
    .description(facts.description)
    .helpOption('-h, --help', 'Show help.')
    .showHelpAfterError(`Run "heddle ${facts.name} --help" for its options.`)
    .configureHelp({ minWidthToWrap: leastHelpWidth })
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
      .showSuggestionAfterError(true)
      .showHelpAfterError(`Run "heddle ${name} --help" for its commands.`)
      .configureHelp({ minWidthToWrap: leastHelpWidth, subcommandTerm: termOf })
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
