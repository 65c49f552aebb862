/**
 * Writes the reference of the events from the comments and types of `events.ts`, whose interface is the only place
 * where they are described.
 *
 * Pure. It reads TypeScript as the formatter leaves it: an entry begins at two spaces and ends where the next begins.
 */

const intro = `<!-- GENERATED from packages/heddle/src/events.ts by \`npm run docs\`: change it there. -->

# Events

What happens in a server, as facts in the past tense. They are heard in three ways, all the same:

- in a program, by \`heddle.on(name, fact => …)\` of a server that \`createHeddle()\` made;
- from a terminal, by \`heddle events\`;
- over HTTP, as server-sent events of \`GET /api/v1/events\`: the name is in \`event\`, and \`data\` is
  \`{"time": <milliseconds since the epoch>, "fact": <the facts>}\`. \`id\` is a number that grows; a client that comes
  back with \`Last-Event-ID\` (or asks with \`?since=\`) gets what it has missed of the last thousand. When more is gone
  a message named \`lost\` says how many.

Each event of a thread has \`application\` (\`null\` for a thread of the edge), \`slot\` and \`worker\`
(\`application:slot\` or \`edge:index\`). Times are in milliseconds. Errors have \`name\`, \`message\` and \`stack\`.
Events and their facts are added, never renamed.
`

/** One event. */
interface Entry {
  readonly name: string
  readonly sentence: string
  readonly type: string
}

/** The text of docs/reference/events.md. */
export function eventsPage(source: string): string {
  const entries = entriesOf(bodyOf(source, 'HeddleEvents'))
  const sections = entries.map(
    ({ name, sentence, type }) =>
      `### \`${name}\`\n\n${sentence === '' ? '' : `${sentence}\n\n`}${factsOf(type)}\n`
  )
  const types = [
    ...source.matchAll(/^(?:\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)?export (type|interface) (\w+)[\s\S]*?(?=\n\n)/gm)
  ]
    .filter(([, , name = '']) => name !== 'HeddleEvents' && name !== 'Announce')
    .filter(
      ([, , name = '']) => entries.some(({ type }) => type.includes(name)) || source.includes(`: ${name}\n`)
    )
    .map(([text]) => text.replaceAll('export ', ''))
  return `${intro}\n## The events\n\n${sections.join('\n')}\n## Their types\n\n\`\`\`ts\n${types.join('\n\n')}\n\`\`\`\n`
}

function bodyOf(source: string, name: string): string {
  const start = source.indexOf(`export interface ${name} {\n`)
  if (start === -1) throw new Error(`events.ts has no interface ${name}.`)
  return source.slice(source.indexOf('\n', start) + 1, source.indexOf('\n}\n', start) + 1)
}

function entriesOf(body: string): readonly Entry[] {
  const pattern =
    /^ {2}(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\n {2})?(?:'([\w:-]+)'|(\w+)): ([\s\S]*?)\n(?= {2}(?:\/\*\*|'|\w)|$(?![\s\S]))/gm
  const entries = [...body.matchAll(pattern)].map(([, comment = '', quoted, bare, type = '']) => ({
    name: quoted ?? bare ?? '',
    sentence: sentenceOf(comment),
    type
  }))
  // A line it does not understand must not be an event that nobody finds.
  const names = [...body.matchAll(/^ {2}(?:'[\w:-]+'|\w+): /gm)].length
  if (entries.length !== names) throw new Error(`${names} events, but ${entries.length} could be read.`)
  return entries
}

/** The words of a comment in one line. */
function sentenceOf(comment: string): string {
  return comment
    .replaceAll(/^\s*\* ?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** The facts of an event, one line each, with their comments. */
function factsOf(type: string): string {
  const parts = type.includes('{')
    ? [...type.slice(0, type.indexOf('{')).matchAll(/\w+/g)]
    : [...type.matchAll(/\w+/g)]
  const bases = parts.map(([name]) => name)
  const own = type.includes('{') ? type.slice(type.indexOf('{') + 1, type.lastIndexOf('}')) : ''
  const fields = [
    ...own.matchAll(/(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*)?readonly (\w+\??): ((?:\{[^}]*\}|[^;\n])+)/g)
  ].map(([, comment = '', name = '', value = '']) => {
    const sentence = sentenceOf(comment)
    return `- \`${name}: ${value.replaceAll(/\s+/g, ' ').trim()}\`${sentence === '' ? '' : ` ${sentence}`}`
  })
  const above = bases.map(name => `- the facts of \`${name}\``)
  return [...above, ...fields].join('\n')
}
