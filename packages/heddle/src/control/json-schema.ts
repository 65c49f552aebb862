/**
 * Shapes and fields of the management API as JSON Schema (draft 2020-12, which OpenAPI 3.1 uses).
 *
 * Runs in any thread. Pure.
 */
import type { Field } from './operation.ts'
import type { ObjectShape, Shape } from './shape.ts'

/** A schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Where named shapes are in a description. */
export const schemaRoot = '#/components/schemas/'

/** The schema of a named shape, with the fields of those it extends. Further fields may come in later versions. */
export function objectSchema(shape: ObjectShape, shapes: Readonly<Record<string, ObjectShape>>): JsonSchema {
  const { fields, optional } = wholeOf(shape, shapes)
  const required = Object.keys(fields).filter(name => !optional.includes(name))
  return {
    type: 'object',
    description: shape.sentence,
    properties: mapValues(fields, shapeSchema),
    ...(required.length === 0 ? {} : { required })
  }
}

function wholeOf(
  { fields, optional = [], extends: base }: ObjectShape,
  shapes: Readonly<Record<string, ObjectShape>>
): Required<Pick<ObjectShape, 'fields' | 'optional'>> {
  const above = base === undefined ? undefined : shapes[base]
  if (above === undefined) return { fields, optional }
  const whole = wholeOf(above, shapes)
  return { fields: { ...whole.fields, ...fields }, optional: [...whole.optional, ...optional] }
}

/** The schema of any shape. */
export function shapeSchema(shape: Shape): JsonSchema {
  const { sentence, isNullable = false } = shape
  const said = sentence === undefined ? {} : { description: sentence }
  const schema = bareSchema(shape)
  if (!isNullable) return { ...schema, ...said }
  if (typeof schema['type'] === 'string' && !('enum' in schema)) {
    return { ...schema, type: [schema['type'], 'null'], ...said }
  }
  return { anyOf: [schema, { type: 'null' }], ...said }
}

function bareSchema(shape: Shape): JsonSchema {
  if (shape.kind === 'words') return { type: 'string', enum: shape.words }
  if (shape.kind === 'list') return { type: 'array', items: shapeSchema(shape.of) }
  if (shape.kind === 'map') return { type: 'object', additionalProperties: shapeSchema(shape.of) }
  if (shape.kind === 'named') return { $ref: schemaRoot + shape.name }
  if (shape.kind === 'tuple') {
    const { length } = shape.of
    return { type: 'array', prefixItems: shape.of.map(shapeSchema), minItems: length, maxItems: length }
  }
  return plainSchemas[shape.kind]
}

const plainSchemas = {
  text: { type: 'string' },
  time: { type: 'string', format: 'date-time' },
  number: { type: 'number' },
  integer: { type: 'integer' },
  boolean: { type: 'boolean' },
  anything: {},
  object: { type: 'object' }
} as const

/** The schema of one value of an input. */
export function fieldSchema(field: Field): JsonSchema {
  const { sentence, defaultText } = field
  const fallback = defaultText === undefined ? '' : ` Defaults to ${defaultText}.`
  return { ...bareField(field), description: `${sentence}${fallback}` }
}

function bareField(field: Field): JsonSchema {
  const { kind, min = 1, max, choices = [], mayBeEmpty = false } = field
  const text = mayBeEmpty ? { type: 'string' } : { type: 'string', minLength: 1 }
  if (kind === 'integer') {
    const integer = { type: 'integer', minimum: min, ...(max === undefined ? {} : { maximum: max }) }
    return field.word === undefined ? integer : { anyOf: [integer, { const: field.word }] }
  }
  if (kind === 'text') return text
  if (kind === 'texts') return { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } }
  if (kind === 'choice') return { type: 'string', enum: choices }
  if (kind === 'boolean') return { type: 'boolean' }
  const value = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }
  return { type: 'object', additionalProperties: value }
}

/** The schema of a whole input. */
export function inputSchema(fields: Readonly<Record<string, Field>>, isOpen: boolean): JsonSchema {
  const required = Object.keys(fields).filter(name => fields[name]?.required === true)
  return {
    type: 'object',
    properties: mapValues(fields, fieldSchema),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: isOpen
  }
}

function mapValues<From, To>(
  values: Readonly<Record<string, From>>,
  change: (value: From) => To
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}
