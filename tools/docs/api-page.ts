/**
 * Writes the reference of the administrative server from the contract of the management API.
 *
 * Pure.
 */
import type { OpenPath } from '../../packages/heddle/src/control/open-paths.ts'
import type { Answer, Field, Operation } from '../../packages/heddle/src/control/operation.ts'
import type { ObjectShape, Shape } from '../../packages/heddle/src/control/shape.ts'

/** What the page is made of. */
export interface ApiSources {
  readonly operations: Readonly<Record<string, Operation>>
  readonly openPaths: Readonly<Record<string, OpenPath>>
  readonly shapes: Readonly<Record<string, ObjectShape>>
  readonly failureStatus: Readonly<Record<string, number>>
  /** Codes by the name of the operation. */
  readonly operationFailures: Readonly<Record<string, readonly string[]>>
}

const header = `<!-- GENERATED from packages/heddle/src/control/ by \`npm run docs\`: change it there. -->

# The administrative server

It runs in the main thread, which runs no code of applications and is on no request's path: it answers in the same
time whatever the workers do. There are two ways to it:

- the **port** \`admin.port\` (9090, on 127.0.0.1 unless told). Probes and metrics are open; everything below
  \`/api/v1/\` needs \`admin.token\` as a bearer token, and does not answer without one in the configuration;
- the **unix socket** of the process, in a directory only its user can enter (\`heddle ps --all\` lists the servers). It has
  the management API alone, asks for no token, and is what the commands use:
  \`curl --unix-socket "$XDG_RUNTIME_DIR/heddle/4711.sock" http://localhost/api/v1/status\`

Machines find the same as [OpenAPI 3.1](../openapi.json), which a server has at \`/api/v1/openapi.json\` too.

## Probes

\`200\` and \`ok\`, or \`503\` and a line for each reason. \`?verbose\` tells every check, \`?application=<id>\` asks for
one application alone. No probe depends on another.

| path | says no when |
| ---- | ------------ |
| \`/livez\` | more than \`maxZombies\` threads are stuck in native code for good. Applications that are busy, down or stopped never make it say no, and it says nothing at all only when the main thread does not turn. |
| \`/readyz\` | the server is not running (it starts, or stops); no edge thread takes connections; or an application that is *required* has fewer than \`minReady\` workers ready. |
| \`/startupz\` | the server has not come up yet. |

A worker is *ready* when it gets requests, its event loop has turned within the last 500 ms, and its application does
not say no (\`readiness()\` of \`heddle/worker\`). The last worker of an application gets requests even when it is blocked
or says no, because that is better than none; it does not count as ready.

An application is *required* when public requests go to it (\`entrypoint\`, \`routes\`), and so is everything it depends
on (\`dependencies\`); \`required\` in its configuration says otherwise. One that an operator has stopped is not waited for.

## Who may ask

Web pages of others may not: a request whose \`Origin\` or \`Sec-Fetch-Site\` is another site's is refused, and so is one
whose \`Host\` is no name of the server, which is what a page does that lets its own name point to this machine (DNS
rebinding). Names of the server are \`localhost\`, IP addresses, \`admin.hostname\`, the name of the machine and
\`admin.allowedHosts\`. Open paths of a port that other machines can reach are open to them by any name.

An operation that changes something is written to the log and announced as \`operation:finished\` or
\`operation:failed\` ([events](events.md)), with who has asked.

## Requests and answers

Bodies are JSON (\`content-type: application/json\`), up to 256 KiB where nothing else is said. A value nobody knows is an
error. An operation answers when it is done, however long that takes. Whoever wants to see how it goes sends
\`accept: application/x-ndjson\` and gets one JSON object per line, \`{"event", "fact"}\` as it happens, and
\`{"done"}\` or \`{"problem"}\` last. It goes on when who has asked for it goes away.

Errors are [problems](#problem) (RFC 9457) of type \`application/problem+json\`.

Streams are server-sent events. A client that reads slowly is sent what it can take in; what is overwritten meanwhile is
told by a message named \`lost\`. One that takes nothing for a minute is let go. Every 15 seconds there is a comment.
\`Last-Event-ID\` goes on behind a message.
`

/** The text of docs/reference/api.md. */
export function apiPage(sources: ApiSources): string {
  const { operations, openPaths, shapes, failureStatus, operationFailures } = sources
  const open = Object.entries(openPaths).map(
    ([path, { summary, query }]) => `### \`GET ${path}\`\n\n${summary}\n\n${inputs('Query', query)}`
  )
  const all = Object.entries(operations).map(([name, operation]) =>
    section(name, operation, operationFailures[name] ?? [])
  )
  const statuses = Object.entries(failureStatus)
    .filter(([, status]) => status !== 500)
    .map(([code, status]) => `| \`${code}\` | ${status} |`)
  return [
    header,
    `## Open paths\n\n${open.join('\n')}`,
    `## Operations\n\n${all.join('\n')}`,
    `## Codes of failures\n\nAll others have status 500.\n\n| code | status |\n| ---- | ------ |\n${statuses.join('\n')}\n`,
    `## Types\n\n${Object.entries(shapes).map(typeSection).join('\n')}`
  ].join('\n')
}

function section(name: string, operation: Operation, failures: readonly string[]): string {
  const { method, path, summary, query, body, isOpen } = operation
  const further = isOpen ? '\nFurther keys as in the configuration.\n' : ''
  return [
    `### \`${method} ${path}\``,
    `\n\n\`${name}\`: ${summary}\n\n`,
    inputs('Query', query),
    inputs('Body', body),
    further,
    `\nAnswers ${answerText(operation.answer)}.\n`,
    failures.length === 0 ? '' : `\nMay fail with ${failures.map(code => `\`${code}\``).join(', ')}.\n`
  ].join('')
}

function inputs(title: string, fields: Readonly<Record<string, Field>>): string {
  const rows = Object.entries(fields).map(([name, field]) => {
    const { sentence, required, defaultText } = field
    const fallback = required ? 'needed' : (defaultText ?? '')
    return `| \`${name}\` | ${kindOf(field)} | ${cell(fallback)} | ${cell(sentence)} |`
  })
  if (rows.length === 0) return ''
  return `| ${title} | kind | default | what it is |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n\n`
}

function kindOf({ kind, min = 1, max, word, choices = [] }: Field): string {
  if (kind === 'integer') {
    const bounds = max === undefined ? `integer, at least ${min}` : `integer, ${min} to ${max}`
    return word === undefined ? bounds : `${bounds}; or \`${word}\``
  }
  if (kind === 'choice') return choices.map(choice => `\`${choice}\``).join(', ')
  if (kind === 'texts') return 'list of texts'
  return kind === 'headers' ? 'object of texts or lists of texts' : kind
}

function answerText(answer: Answer): string {
  if (answer.form === 'text') return `\`${answer.type}\``
  if (answer.form === 'document') return 'a JSON document'
  if (answer.form === 'events') return `events whose data is ${link(answer.shape)}`
  return answer.shape === 'Nothing' ? '`{}`' : link(answer.shape)
}

function typeSection([name, { sentence, fields, optional = [], extends: base, isOpen }]: [
  string,
  ObjectShape
]): string {
  const rows = Object.entries(fields).map(([field, shape]) => {
    const mark = optional.includes(field) ? '?' : ''
    return `| \`${field}${mark}\` | ${typeText(shape)} | ${cell(shape.sentence ?? '')} |`
  })
  const table =
    rows.length === 0 ? '' : `\n| field | type | what it is |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  const above = base === undefined ? '' : ` It has the fields of ${link(base)} too.`
  return `### ${name}\n\n${sentence}${above}${isOpen === true ? ' It may have further fields.' : ''}\n${table}`
}

function typeText(shape: Shape): string {
  const text = bareType(shape)
  return shape.isNullable === true ? `${text} or null` : text
}

function bareType(shape: Shape): string {
  if (shape.kind === 'words') return shape.words.map(word => `\`${word}\``).join(', ')
  if (shape.kind === 'list') return `list of ${typeText(shape.of)}`
  if (shape.kind === 'map') return `object of ${typeText(shape.of)}`
  if (shape.kind === 'tuple') return `list of ${shape.of.map(typeText).join(' and ')}`
  return shape.kind === 'named' ? link(shape.name) : shape.kind
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
