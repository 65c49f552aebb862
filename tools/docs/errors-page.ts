/**
 * Writes docs/reference/errors.md from the comments and types of both `errors.ts`, which are the only places where the
 * codes are described, with the status and the exit code each has.
 *
 * Pure. It reads TypeScript as the formatter leaves it: an entry begins at two spaces.
 */

/** What the page is made of. */
export interface ErrorsSources {
  /** The text of `errors.ts` of Heddle, and of the mesh. */
  readonly heddle: string
  readonly mesh: string
  /** Exit code of a command that fails with a code of Heddle. */
  readonly exitOf: (code: string) => number | undefined
  /** HTTP status of the management API for a code of Heddle, and of the public port for one of the mesh. */
  readonly statusOf: (code: string) => number | undefined
}

interface Entry {
  readonly code: string
  readonly sentence: string
  readonly facts: readonly string[]
}

const introduction = `<!-- GENERATED from errors.ts of both packages by \`npm run docs\`: change it there. -->

# Errors

Every failure of Heddle itself has a \`code\`, which does not change, and a \`detail\` with its facts. Switch on the code,
never on the class or the message: a class does not survive the trip between two threads, a code does. What an
application throws stays what it is, and is at most the \`cause\` of one of these.
`

const heddleText = `## Of the server and its commands

A \`HeddleError\` in a program ([embedding](../embedding.md)), a problem of the [management API](api.md) with this status,
and the [exit code](exit-codes.md) of a command.
`

const meshText = `## Of the mesh

A \`MeshError\` for whoever calls another application through the mesh; callers with \`fetch\` or undici find it as the
\`cause\` of the error they know. A client of the public port gets an answer with this status instead.
`

/** The text of docs/reference/errors.md. */
export function errorsPage({ heddle, mesh, exitOf, statusOf }: ErrorsSources): string {
  const own = entriesOf(heddle, 'HeddleFailures').map(
    ({ code, sentence, facts }) =>
      `| \`${code}\` | ${statusOf(code) ?? ''} | ${exitOf(code) ?? ''} | ${sentence} | ${listOf(facts)} |`
  )
  const others = entriesOf(mesh, 'MeshFailures').map(
    ({ code, sentence, facts }) =>
      `| \`${code}\` | ${statusOf(code) ?? ''} | ${sentence} | ${listOf(facts)} |`
  )
  return [
    introduction,
    heddleText,
    `| code | status | exit | | \`detail\` |\n| --- | --- | --- | --- | --- |\n${own.join('\n')}\n`,
    meshText,
    `| code | status | | \`detail\` |\n| --- | --- | --- | --- |\n${others.join('\n')}\n`,
    '`UND_ERR_LOAD_SHEDDING` (503) is that of a `LoadSheddingError`: every worker that could have taken the request declined it.\n'
  ].join('\n')
}

/** The codes of an `errors.ts`. @throws Error when an entry cannot be read: none may be missing on the page. */
export function entriesOf(source: string, name: string): readonly Entry[] {
  const start = source.indexOf(`export interface ${name} {\n`)
  if (start === -1) throw new Error(`There is no interface ${name}.`)
  const body = source.slice(source.indexOf('\n', start) + 1, source.indexOf('\n}\n', start) + 1)
  const pattern =
    /^ {2}\/\*\*((?:[^*]|\*(?!\/))*)\*\/\n {2}([A-Z_]+): ([\s\S]*?\})\n(?= {2}\/\*\*|\n|$(?![\s\S]))/gm
  const entries = [...body.matchAll(pattern)].map(([, comment = '', code = '', type = '']) => ({
    code,
    sentence: comment
      .replaceAll(/^\s*\* ?/gm, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
    facts: factsOf(type)
  }))
  const codes = [...body.matchAll(/^ {2}[A-Z_]+: /gm)].length
  if (entries.length !== codes) throw new Error(`${codes} codes, but ${entries.length} could be read.`)
  return entries
}

/** The names of the facts, those within facts left out. */
function factsOf(type: string): readonly string[] {
  const inner = type.slice(type.indexOf('{') + 1, type.lastIndexOf('}')).replaceAll(/\{[^}]*\}/g, '')
  return [...inner.matchAll(/readonly (\w+)\??:/g)].map(([, fact = '']) => fact)
}

function listOf(facts: readonly string[]): string {
  return facts.map(fact => `\`${fact}\``).join(', ')
}
