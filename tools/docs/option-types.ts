/**
 * Writes the configuration schema as TypeScript interfaces, with the sentence of each key as its comment.
 *
 * Pure. Generated rather than inferred, so that an editor shows the sentence, the unit and the default.
 */
import type { Key, ObjectKey } from '../../packages/heddle/src/config/key.ts'
import { defaultOf } from './default-text.ts'

const header = `/**
 * What a user may write in the configuration.
 *
 * GENERATED from schema.ts by \`npm run docs\`: change it there. Types only, for any thread.
 */

/** A variable of the environment, by its name: \`{PORT}\`. */
export type Variable = \`{\${string}}\`
`

/** The text of config/options.ts. */
export function optionTypes(schema: ObjectKey): string {
  const objects = new Map<string, ObjectKey>()
  collect(schema, objects)
  return header + [...objects.values()].map(object => `\n${interfaceOf(object)}`).join('')
}

function collect(key: Key, objects: Map<string, ObjectKey>): void {
  if (key.kind === 'list' || key.kind === 'map') collect(key.of, objects)
  if (key.kind !== 'object' || objects.has(key.name)) return
  objects.set(key.name, key)
  for (const inner of Object.values(key.keys)) collect(inner, objects)
}

function interfaceOf(object: ObjectKey): string {
  const members = Object.entries(object.keys).map(([name, key]) => {
    const fallback = defaultOf(key)
    const tag = fallback === null ? '' : `\n   * @default ${fallback}`
    return `  /**\n   * ${key.sentence}${tag}\n   */\n  readonly ${name}${key.required === true ? '' : '?'}: ${typeOf(key)}\n`
  })
  return `/** ${object.sentence} */\nexport interface ${object.name} {\n${members.join('')}}\n`
}

function typeOf(key: Key): string {
  if (key.kind === 'text') return key.mayBeFalse === true ? 'string | false' : 'string'
  if (key.kind === 'choice') return [...key.choices.map(choice => `'${choice}'`), 'Variable'].join(' | ')
  if (key.kind === 'boolean') return 'boolean | Variable'
  if (key.kind === 'list') return `readonly ${listed(typeOf(key.of))}[]`
  if (key.kind === 'map') return `Readonly<Record<string, ${typeOf(key.of)}>>`
  if (key.kind === 'object')
    return key.instead === undefined ? key.name : `${typeOf(key.instead)} | ${key.name}`
  return key.kind === 'integer' || key.kind === 'seconds' ? 'number | Variable' : 'number | string'
}

/** The type as it stands in front of brackets. */
function listed(type: string): string {
  return type.includes(' | ') ? `(${type})` : type
}
