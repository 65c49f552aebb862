/**
 * Writes the answers of the management API as TypeScript interfaces, with the sentence of each field as its comment.
 *
 * Pure. Generated rather than inferred, so that an editor shows the sentences.
 */
import type { Operation } from '../../packages/heddle/src/control/operation.ts'
import type { ObjectShape, Shape } from '../../packages/heddle/src/control/shape.ts'

const header = `/**
 * What the management API answers, as types: for the server, for commands, and for other programs.
 *
 * GENERATED from answer-shapes.ts and contract.ts by \`npm run docs\`: change them. Types only, for any thread.
 */
`

/** The text of control/answers.ts. */
export function answerTypes(
  shapes: Readonly<Record<string, ObjectShape>>,
  operations: Readonly<Record<string, Operation>>
): string {
  const interfaces = Object.entries(shapes).map(([name, shape]) => interfaceOf(name, shape))
  const names = Object.keys(shapes).map(name => `  readonly ${name}: ${name}\n`)
  const answers = Object.entries(operations).flatMap(([name, { answer }]) =>
    answer.form === 'value' ? [`  readonly ${name}: ${answer.shape}\n`] : []
  )
  return [
    header,
    ...interfaces,
    `/** All of them by name. */\nexport interface Shapes {\n${names.join('')}}\n`,
    '/** Names of the types of answers. */\nexport type ShapeName = keyof Shapes\n',
    `/** What each operation answers that answers with one JSON value. */\nexport interface OperationAnswers {\n${answers.join('')}}\n`
  ].join('\n')
}

function interfaceOf(name: string, shape: ObjectShape): string {
  const { sentence, fields, optional = [], extends: base, isOpen = false } = shape
  const sign = `/** ${sentence} */\n`
  if (Object.keys(fields).length === 0) {
    return `${sign}export type ${name} = Readonly<Record<string, ${isOpen ? 'unknown' : 'never'}>>\n`
  }
  const members = Object.entries(fields).map(([field, value]) => {
    const comment = value.sentence === undefined ? '' : `  /** ${value.sentence} */\n`
    return `${comment}  readonly ${field}${optional.includes(field) ? '?' : ''}: ${typeOf(value)}\n`
  })
  const rest = isOpen ? '  readonly [field: string]: unknown\n' : ''
  const above = base === undefined ? '' : ` extends ${base}`
  return `${sign}export interface ${name}${above} {\n${members.join('')}${rest}}\n`
}

function typeOf(shape: Shape): string {
  return shape.isNullable === true ? `${bareType(shape)} | null` : bareType(shape)
}

function bareType(shape: Shape): string {
  if (shape.kind === 'words') return shape.words.map(word => `'${word}'`).join(' | ')
  if (shape.kind === 'list') return `readonly ${grouped(shape.of)}[]`
  if (shape.kind === 'map') return `Readonly<Record<string, ${typeOf(shape.of)}>>`
  if (shape.kind === 'tuple') return `readonly [${shape.of.map(typeOf).join(', ')}]`
  if (shape.kind === 'named') return shape.name
  return plainTypes[shape.kind]
}

function grouped(shape: Shape): string {
  const text = typeOf(shape)
  return /[ |]/.test(text) ? `(${text})` : text
}

const plainTypes = {
  text: 'string',
  time: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  anything: 'unknown',
  object: 'Readonly<Record<string, unknown>>'
} as const
