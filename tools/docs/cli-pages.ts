/** Writes docs/reference/cli.md and docs/reference/exit-codes.md from the tables of the command line. Pure. */
import type { CommandFacts } from '../../packages/heddle/src/cli/command-facts.ts'
import type { ExitCode } from '../../packages/heddle/src/cli/exit-codes.ts'

const introduction = `<!-- GENERATED from packages/heddle/src/cli/command-facts.ts by "npm run docs": change it there. -->

# Command line

\`heddle <command> [options]\`. Every command has \`--help\`; \`heddle --version\` prints the version. Flags outrank
environment variables, which outrank the [configuration file](configuration.md). Failures are told on standard
error; the [exit code](exit-codes.md) says which kind it was.
`

/** The page about the commands. */
export function cliPage(commands: readonly CommandFacts[]): string {
  return [introduction, ...commands.map(commandSection)].join('\n')
}

function commandSection({ name, arguments: words, description, options, examples }: CommandFacts): string {
  const usage = ['heddle', name, ...words.map(word => word.name), '[options]'].join(' ')
  const argumentLine = words.map(word => `\`${word.name}\`: ${word.sentence}\n\n`).join('')
  const rows = options.map(
    ({ flags, sentence, variables }) =>
      `| \`${flags.replaceAll('|', String.raw`\|`)}\` | ${variables.map(variable => `\`${variable}\``).join(', ')} | ${sentence} |`
  )
  const samples = examples.map(({ line, sentence }) => `# ${sentence}\n${line}`)
  return `## heddle ${name}

${description}

\`\`\`
${usage}
\`\`\`

${argumentLine}| option | variable | |
| --- | --- | --- |
${rows.join('\n')}

\`\`\`sh
${samples.join('\n\n')}
\`\`\`
`
}

/** The page about the exit codes. */
export function exitCodesPage(codes: Readonly<Record<string, ExitCode>>): string {
  const rows = Object.values(codes).map(
    ({ code, meaning, retry }) => `| ${code} | ${meaning} | ${retry ? 'may help' : 'does not help'} |`
  )
  return `<!-- GENERATED from packages/heddle/src/cli/exit-codes.ts by "npm run docs": change it there. -->

# Exit codes

| code | meaning | starting again unchanged |
| --- | --- | --- |
${rows.join('\n')}
`
}
