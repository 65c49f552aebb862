/** Writes docs/reference/configuration.md from the schema. Pure. */
import { expectedNumber } from '../../packages/heddle/src/config/check.ts'
import type { Key, ObjectKey } from '../../packages/heddle/src/config/key.ts'
import type { Setting } from '../../packages/heddle/src/config/settings.ts'
import { defaultOf } from './default-text.ts'

const introduction = `<!-- GENERATED from packages/heddle/src/config/schema.ts by "npm run docs": change it there. -->
# Configuration

Heddle reads one file: \`heddle.config.ts\`, \`heddle.config.mts\`, \`heddle.config.js\`, \`heddle.config.mjs\` or \`heddle.json\` in the
directory it is started in, or the one named by \`--config\` or HEDDLE_CONFIG. A \`.ts\` or \`.js\` file exports the
configuration as its default: an object, a promise of one, or a function that returns one (it is called with
\`{ env }\`).

\`\`\`ts
import { defineConfig } from 'heddle'

export default defineConfig({
  applications: {
    web: { path: './web' },
    api: { path: './api', workers: 4, dependencies: ['db'] },
    db: { path: './db', workers: 1 }
  },
  entrypoint: 'web',
  routes: [{ path: '/api', application: 'api', stripPrefix: true }]
})
\`\`\`

Without a file, \`heddle start server.js\` runs one application; its id is the name in package.json, else the
name of the file or of its directory.

- **Precedence**: flags > environment > file > default.
- **Variables**: \`{NAME}\` in any text is replaced by the environment variable NAME, or by the one of the
  top-level \`envFile\`; one that is not set is a mistake. \`{{\` writes a single brace. A number or a boolean may be
  written as such a text: \`"port": "{PORT}"\`.
- **Environment of the workers**, from weak to strong: top-level \`envFile\`, \`envFile\` of the application, the
  environment Heddle was started in, top-level \`env\`, \`env\` of the application.
- **Durations** are milliseconds or a text such as \`"250ms"\`, \`"30s"\`, \`"5m"\`, \`"1h"\`. **Sizes** are bytes or
  a text such as \`"16KB"\`, \`"10MB"\`; **memory** is MiB or such a text. 1 KB is 1024 bytes.
- **Autoload**: an application that is also written under \`applications\`, with the same id and without another
  \`path\`, gets those settings.
- An unknown key is a mistake. \`heddle check\` lists all mistakes, \`heddle config\` prints the result.
`

/** The text of the page. */
export function configurationPage(schema: ObjectKey, settings: readonly Setting[]): string {
  return [introduction, settingsTable(settings), ...sections(schema, '', new Set())].join('\n')
}

function settingsTable(settings: readonly Setting[]): string {
  const rows = settings.map(
    ({ flag, variables, path }) =>
      `| \`--${flag}\` | ${variables.map(name => `\`${name}\``).join(', ')} | \`${path.join('.')}\` |`
  )
  return `## Flags and environment variables

Where two variables are named, the first wins. An empty variable counts as not set. \`--workers 4\` holds for all
applications, \`--workers api=2-6,db=1\` for single ones, of which the first scales between 2 and 6; both outrank what
the file says.

| flag | variable | key |
| --- | --- | --- |
| \`--config\` | \`HEDDLE_CONFIG\` | |
${rows.join('\n')}
`
}

function sections(object: ObjectKey, path: string, seen: Set<string>): string[] {
  if (seen.has(object.name)) return []
  seen.add(object.name)
  const title = path === '' ? '## Top level' : `## \`${path}\``
  const rows = Object.entries(object.keys).map(([name, key]) => {
    const fallback = key.required === true ? '*required*' : (defaultOf(key) ?? inherited(key))
    return `| \`${name}\` | ${cell(typeOf(key))} | ${cell(fallback)} | ${cell(key.sentence)} |`
  })
  const table = `${title}\n\n${object.sentence}\n\n| key | value | default | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
  const inner = Object.entries(object.keys).flatMap(([name, key]) =>
    innerSections(key, path === '' ? name : `${path}.${name}`, seen)
  )
  return [table, ...inner]
}

function innerSections(key: Key, path: string, seen: Set<string>): string[] {
  if (key.kind === 'object') return sections(key, path, seen)
  if (key.kind === 'list') return innerSections(key.of, `${path}[]`, seen)
  return key.kind === 'map' ? innerSections(key.of, `${path}.<${key.by}>`, seen) : []
}

function inherited(key: Key): string {
  return key.kind === 'object' && key.inherits !== undefined ? `the top-level \`${key.inherits}\`` : ''
}

function typeOf(key: Key): string {
  if (key.kind === 'choice') return key.choices.map(choice => `\`"${choice}"\``).join(', ')
  if (key.kind === 'boolean') return 'true or false'
  if (key.kind === 'list') return `list: ${typeOf(key.of)}`
  if (key.kind === 'map') return `by ${key.by}: ${typeOf(key.of)}`
  if (key.kind === 'text') return key.expected ?? 'text'
  if (key.kind === 'object') return key.instead === undefined ? 'object' : `${typeOf(key.instead)}, or object`
  return expectedNumber(key)
    .replace(/ \(.*\)$/, '')
    .replace(/^an? /, '')
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`)
}
