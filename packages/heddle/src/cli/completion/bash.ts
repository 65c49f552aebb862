/**
 * The completion script for bash.
 *
 * Main thread of a command; pure. It runs also where the package bash-completion is not installed.
 */
import type { CommandFacts, Completes } from '../facts/command.ts'
import { flagsOf, live, optionsOf, plural } from './flags.ts'

/** How a value is completed in bash, as the argument of `_heddle_complete`. */
function bashSource(completes: Completes | undefined): string {
  if (completes === undefined) return ''
  if (typeof completes !== 'string') return completes.join(' ')
  return live.includes(completes) ? `@${plural(completes)}` : `@${completes}`
}

/** How a value is completed, by its source: see `bashSource`. */
const sources = `# Completion of heddle for bash. Made by "heddle completion bash".
_heddle_complete() {
  local source=$1 current=$2
  case $source in
    '') ;;
    @file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    @directory) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")) ;;
    @*) COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" completion "\${source#@}" 2>/dev/null)" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$source" -- "$current")) ;;
  esac
}

_heddle() {
  local current previous command='' options='' values='' arguments='' words='' index word position=0 skip=''
  COMPREPLY=()
  # Words are told apart by spaces alone: bash would end one at the colon in the name of a worker.
  local -a typed
  local line=\${COMP_LINE:0:COMP_POINT}
  read -r -a typed <<<"$line"
  [[ $line == *[[:space:]] ]] && typed+=('')
  current=\${typed[\${#typed[@]} - 1]}
  previous=\${typed[\${#typed[@]} - 2]}
  command=\${typed[1]}
  if ((\${#typed[@]} == 2)); then
    _heddle_complete '`

/** What was typed so far, word by word, then the words of a group. */
const groupWords = `' "$current"
    return
  fi
  words=''
  case $command in
`

/** After a group comes the word of its own. */
const secondWord = `
  esac
  local first=2
  if [[ -n $words ]]; then
    if ((\${#typed[@]} == 3)); then
      _heddle_complete "$words" "$current"
      return
    fi
    command+=" \${typed[2]}"
    first=3
  fi
  case $command in
`

/** Which value is being typed: that of an option, an option, or an argument by its position. */
const values = `
    *) return ;;
  esac
  for ((index = first; index < \${#typed[@]} - 1; index++)); do
    word=\${typed[index]}
    if [[ -n $skip ]]; then skip=''
    elif [[ $values == *" $word="* ]]; then skip=yes
    elif [[ $word != -* ]]; then ((position++)); fi
  done
  if [[ -n $skip ]]; then
    local rest=\${values#*" $previous="}
    _heddle_complete "\${rest%%;*}" "$current"
  elif [[ $current == -* ]]; then
    _heddle_complete "$options" "$current"
  else
    local -a sources
    IFS=';' read -r -a sources <<<"$arguments"
    if [[ -z \${sources[position]+there} && $arguments == *'...' ]]; then position=$((\${#sources[@]} - 1)); fi
    local source=\${sources[position]}
    _heddle_complete "\${source%...}" "$current"
  fi
  # bash replaces only what stands behind the last colon, since it ends a word there.
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local before=\${current%"\${current##*:}"}
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}

complete -F _heddle heddle
`

/** The script. */
export function bashScript(commands: readonly CommandFacts[]): string {
  const names = [...new Set(commands.map(({ name }) => name.split(' ')[0]))]
  const groups = Map.groupBy(
    commands.filter(({ name }) => name.includes(' ')),
    ({ name }) => name.split(' ')[0] ?? ''
  )
  const groupCases = Array.from(
    groups,
    ([group, members]) =>
      `    ${group}) words='${members.map(({ name }) => name.split(' ')[1]).join(' ')}' ;;`
  )
  return [
    sources,
    [...names, '--help', '--version'].join(' '),
    groupWords,
    groupCases.join('\n'),
    secondWord,
    commands.map(bashCase).join('\n'),
    values
  ].join('')
}

function bashCase(command: CommandFacts): string {
  const options = optionsOf(command).map(option =>
    Object.assign(flagsOf(option), { completes: option.completes })
  )
  const flags = options.flatMap(({ short, long }) => (short === null ? [long] : [short, long]))
  const values = options
    .filter(({ takesValue }) => takesValue)
    .flatMap(({ short, long, completes }) =>
      [short, long].flatMap(flag => (flag === null ? [] : [` ${flag}=${bashSource(completes)};`]))
    )
  const positions = command.arguments.map(({ name, completes }) => {
    return `${bashSource(completes)}${name.includes('...') ? '...' : ''}`
  })
  return `    '${command.name}')
      options='${flags.join(' ')}'
      values='${values.join('')}'
      arguments='${positions.join(';')}' ;;`
}
