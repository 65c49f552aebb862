/** The completion script for fish. Main thread of a command; pure. */
import type { ArgumentFacts, CommandFacts, Completes } from '../facts/command.ts'
import { flagsOf, optionsOf, plural } from './flags.ts'

/** A text inside single quotes of fish. */
function fishText(text: string): string {
  return text.replaceAll(/[\\']/g, String.raw`\$&`)
}

function fishSource(completes: Completes | undefined): string {
  if (completes === undefined) return ''
  if (typeof completes !== 'string') return ` -a '${completes.join(' ')}'`
  if (completes === 'file') return ' -F'
  if (completes === 'directory') return " -a '(__fish_complete_directories)'"
  return ` -a '(heddle completion ${plural(completes)} 2>/dev/null)'`
}

/** The script; `groups` are the words that only hold other commands, with their sentences. */
export function fishScript(
  commands: readonly CommandFacts[],
  groups: Readonly<Record<string, string>>
): string {
  const single = commands.filter(({ name }) => !name.includes(' '))
  const first = '__fish_use_subcommand'
  const tops = [
    ...single.map(({ name, summary }) => ({ name, sentence: summary })),
    ...Object.entries(groups).map(([name, sentence]) => ({ name, sentence }))
  ].map(({ name, sentence }) => `complete -c heddle -n ${first} -a ${name} -d '${fishText(sentence)}'`)
  return `# Completion of heddle for fish. Made by "heddle completion fish".
complete -c heddle -f
complete -c heddle -n ${first} -l version -s V -d 'Print the version.'
${[...tops, ...commands.flatMap(command => fishCommand(command, commands))].join('\n')}
`
}

function fishCommand(command: CommandFacts, commands: readonly CommandFacts[]): readonly string[] {
  const [top = '', own] = command.name.split(' ')
  const siblings = commands.flatMap(({ name }) => {
    const [group, word] = name.split(' ')
    return group === top && word !== undefined ? [word] : []
  })
  const seen = `__fish_seen_subcommand_from ${top}`
  const isHere = own === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${own}`
  const offer =
    own === undefined
      ? []
      : [
          `complete -c heddle -n '${seen}; and not __fish_seen_subcommand_from ${siblings.join(' ')}' -a ${own} -d '${fishText(command.summary)}'`
        ]
  const options = optionsOf(command).map(option => {
    const { short, long, takesValue } = flagsOf(option)
    const names = `-l ${long.slice(2)}${short === null ? '' : ` -s ${short.slice(1)}`}`
    const isPath = option.completes === 'file' || option.completes === 'directory'
    const value = takesValue ? ` ${isPath ? '-r' : '-x'}${fishSource(option.completes)}` : ''
    return `complete -c heddle -n '${isHere}' ${names}${value} -d '${fishText(option.sentence)}'`
  })
  return [...offer, ...options, ...fishArguments(command, isHere)]
}

/**
 * The first argument is offered wherever no later one stands. By how many words are before it: the values of options are
 * taken for words as well, so that behind them the first is offered.
 */
function fishArguments({ name, arguments: all }: CommandFacts, isHere: string): readonly string[] {
  const before = name.split(' ').length + 1
  const later = all.slice(1).map((argument, index) => ({
    argument,
    isIts: `__fish_is_nth_token ${before + index + 1}`
  }))
  const isFirst = later.map(({ isIts }) => `; and not ${isIts}`).join('')
  const [first] = all
  return [
    ...(first === undefined ? [] : fishArgument(first, `${isHere}${isFirst}`)),
    ...later.flatMap(({ argument, isIts }) => fishArgument(argument, `${isHere}; and ${isIts}`))
  ]
}

function fishArgument({ completes }: ArgumentFacts, isIts: string): readonly string[] {
  const source = fishSource(completes)
  return source === '' ? [] : [`complete -c heddle -n '${isIts}'${source}`]
}
