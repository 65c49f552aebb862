/** The completion script for zsh. Main thread of a command; pure. */
import type { CommandFacts, Completes } from '../facts/command.ts'
import { flagsOf, live, optionsOf, plural } from './flags.ts'

/** A text inside single quotes of zsh, where brackets and colons have a meaning of their own. */
function zshText(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, String.raw`\$&`).replaceAll("'", String.raw`'\''`)
}

function zshAction(completes: Completes | undefined): string {
  if (completes === undefined) return ' '
  if (typeof completes !== 'string') return `(${completes.join(' ')})`
  if (completes === 'file') return '_files'
  return completes === 'directory' ? '_files -/' : `_heddle_${plural(completes)}`
}

/** The script; `groups` are the words that only hold other commands, with their sentences. */
export function zshScript(
  commands: readonly CommandFacts[],
  groups: Readonly<Record<string, string>>
): string {
  const single = commands.filter(({ name }) => !name.includes(' '))
  const tops = [
    ...single.map(({ name, summary }) => `'${name}:${zshText(summary)}'`),
    ...Object.entries(groups).map(([name, sentence]) => `'${name}:${zshText(sentence)}'`)
  ]
  return `#compdef heddle
# Completion of heddle for zsh. Made by "heddle completion zsh".
${live.map(zshNames).join('\n')}

_heddle() {
  local -a commands
  local line state
  _arguments -C '1: :->command' '*:: :->rest' && return
  case $state in
    command)
      commands=(${tops.join('\n        ')})
      _describe command commands ;;
    rest)
      case $line[1] in
${single.map(command => zshCase(command, command.name, '        ')).join('\n')}
${Object.keys(groups)
  .map(group => zshGroup(group, commands))
  .join('\n')}
      esac ;;
  esac
}

if [[ $funcstack[1] == _heddle ]]; then _heddle "$@"; else compdef _heddle heddle; fi
`
}

function zshNames(completes: Completes): string {
  const names = plural(completes)
  return `_heddle_${names}() {
  local -a names
  names=(\${(f)"$(heddle completion ${names} 2>/dev/null)"})
  compadd -a names
}`
}

function zshGroup(group: string, commands: readonly CommandFacts[]): string {
  const members = commands.filter(({ name }) => name.startsWith(`${group} `))
  const described = members.map(({ name, summary }) => `'${name.split(' ')[1]}:${zshText(summary)}'`)
  return `        ${group})
          if ((CURRENT == 2)); then
            commands=(${described.join(' ')})
            _describe command commands
          else
            shift words
            ((CURRENT--))
            case $words[1] in
${members.map(command => zshCase(command, command.name.split(' ')[1] ?? '', '            ')).join('\n')}
            esac
          fi ;;`
}

function zshCase(command: CommandFacts, word: string, indent: string): string {
  const options = optionsOf(command).flatMap(option => {
    const { short, long, takesValue } = flagsOf(option)
    const many = option.isRepeatable === true ? '*' : ''
    const value = takesValue ? `: :${zshAction(option.completes)}` : ''
    const sentence = zshText(option.sentence.replaceAll('\n', ' '))
    return [short, long].flatMap(flag => (flag === null ? [] : [`'${many}${flag}[${sentence}]${value}'`]))
  })
  const positions = command.arguments.map(
    ({ name, completes }) => `'${name.includes('...') ? '*' : ''}: :${zshAction(completes)}'`
  )
  return `${indent}${word}) _arguments ${[...options, ...positions].join(' ')} ;;`
}
