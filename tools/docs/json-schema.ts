/**
 * Writes the configuration schema as JSON Schema, for editors that complete and check `heddle.json`.
 *
 * Pure. Wherever Heddle takes a variable, the schema takes a text with braces in it as well.
 */
import { isFraction } from '../../packages/heddle/src/config/check.ts'
import type { Key, NumberKey, ObjectKey } from '../../packages/heddle/src/config/key.ts'

type Json = Record<string, unknown>

const variable = { type: 'string', pattern: String.raw`\{[A-Za-z_][A-Za-z0-9_]*\}` }

const textPatterns: Readonly<Record<NumberKey['kind'], string | null>> = {
  integer: null,
  duration: String.raw`^\s*\d+(\.\d+)?\s*([mM][sS]|[sSmMhHdD])?\s*$`,
  size: String.raw`^\s*\d+(\.\d+)?\s*([kKmMgG][iI]?)?[bB]?\s*$`,
  memory: String.raw`^\s*\d+(\.\d+)?\s*([kKmMgG][iI]?)?[bB]?\s*$`,
  ratio: String.raw`^\s*\d+(\.\d+)?\s*%?\s*$`,
  seconds: null
}

/** The JSON Schema of the whole configuration. */
export function jsonSchema(schema: ObjectKey): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Heddle configuration',
    ...keySchema(schema)
  }
}

function keySchema(key: Key): Json {
  return {
    description: descriptionOf(key),
    ...(key.default === undefined ? {} : { default: key.default }),
    ...shape(key)
  }
}

function descriptionOf(key: Key): string {
  return key.defaultText === undefined ? key.sentence : `${key.sentence} Default: ${key.defaultText}.`
}

function shape(key: Key): Json {
  if (key.kind === 'object') {
    return key.instead === undefined
      ? objectShape(key)
      : { anyOf: [...numberShape(key.instead).anyOf, objectShape(key)] }
  }
  if (key.kind === 'list') return { type: 'array', items: keySchema(key.of) }
  if (key.kind === 'map') return { type: 'object', additionalProperties: keySchema(key.of) }
  if (key.kind === 'boolean') return { anyOf: [{ type: 'boolean' }, variable] }
  if (key.kind === 'choice') return { anyOf: [{ enum: key.choices }, variable] }
  if (key.kind === 'text') {
    const text = { type: 'string', ...(key.mayBeEmpty === true ? {} : { minLength: 1 }) }
    if (key.mayBeFalse === true) return { anyOf: [text, { const: false }] }
    return key.pattern === undefined
      ? text
      : { anyOf: [{ ...text, pattern: `^(?:${key.pattern})$` }, variable] }
  }
  return numberShape(key)
}

function objectShape(key: ObjectKey): Json {
  const entries = Object.entries(key.keys)
  const required = entries.filter(([, inner]) => inner.required === true).map(([name]) => name)
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(entries.map(([name, inner]) => [name, keySchema(inner)])),
    ...(required.length === 0 ? {} : { required })
  }
}

function numberShape(key: NumberKey): { readonly anyOf: readonly Json[] } {
  const type = isFraction(key) ? 'number' : 'integer'
  const number = { type, minimum: key.min, ...(key.max === undefined ? {} : { maximum: key.max }) }
  const pattern = textPatterns[key.kind]
  return { anyOf: [number, ...(pattern === null ? [] : [{ type: 'string', pattern }]), variable] }
}
