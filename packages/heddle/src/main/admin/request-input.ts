/**
 * Reads what a request to the management API brings: its query, and a JSON object as its body, checked against the
 * fields of the operation.
 *
 * Main thread only. What is wrong with either is told before anything is done.
 */
import type { IncomingMessage } from 'node:http'

import type { Field, Operation } from '../../control/operation.ts'
import { HeddleError } from '../../errors.ts'
import { isJson } from './negotiation.ts'
import { RequestRefused } from './refused.ts'

/** Bytes a body may have where nothing else is said. The settings of an application take a few hundred. */
const bodyMax = 256 * 1024

/** Objects and lists inside one another a body may have: far more than any setting needs, far less than a stack holds. */
const depthMax = 100

/** What an operation is asked with, by field. */
export type Input = Readonly<Record<string, unknown>>

/**
 * The body of a request as an object; an empty body is an empty one.
 *
 * @throws HEDDLE_REQUEST_INVALID, and refusals with status 413 and 415.
 */
export async function readInput(request: IncomingMessage, operation: Operation): Promise<Input> {
  const text = await readText(request, operation.bodyMax ?? bodyMax)
  const { 'content-type': type } = request.headers
  if (text.trim() === '') return checkInput(operation, {})
  if (type !== undefined && !isJson(type)) {
    throw new RequestRefused(415, `The body has to be JSON (content-type: application/json), not ${type}.`)
  }
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) invalid('the body is no object')
  return checkInput(operation, value as Input)
}

/** Finds what is wrong with an input, and returns it. @throws HEDDLE_REQUEST_INVALID */
export function checkInput({ body, isOpen }: Pick<Operation, 'body' | 'isOpen'>, input: Input): Input {
  if (!isOpen) refuseUnknown(Object.keys(input), body)
  for (const [name, field] of Object.entries<Field>(body)) {
    const value = Object.hasOwn(input, name) ? input[name] : undefined
    if (value === undefined && !field.required) continue
    if (value === undefined) invalid(`"${name}" is missing`)
    if (!isFitting(field, value)) invalid(`"${name}" has to be ${describe(field)}`)
  }
  return input
}

/** The values of a query, as the fields have them. @throws HEDDLE_REQUEST_INVALID */
export function readQuery({ query }: Pick<Operation, 'query'>, text: string): Input {
  const values: Record<string, unknown> = {}
  const given = new URLSearchParams(text)
  refuseUnknown([...given.keys()], query)
  for (const [name, field] of Object.entries<Field>(query)) {
    const [written, ...others] = given.getAll(name)
    if (written === undefined) continue
    if (others.length > 0) invalid(`"${name}" is given more than once`)
    const value = fromText(field, written)
    if (!isFitting(field, value)) invalid(`"${name}" has to be ${describe(field)}`)
    values[name] = value
  }
  return values
}

function refuseUnknown(names: readonly string[], fields: Readonly<Record<string, Field>>): void {
  const known = Object.keys(fields)
  const unknown = names.find(name => !known.includes(name))
  if (unknown === undefined) return
  invalid(
    `${JSON.stringify(unknown)} is unknown here${known.length === 0 ? '' : `; known are ${known.join(', ')}`}`
  )
}

function fromText({ kind }: Field, text: string): unknown {
  if (kind === 'integer') return /^\d{1,16}$/.test(text) ? Number(text) : text
  // `?follow` alone means yes.
  if (kind === 'boolean') return text === 'true' || text === '' || (text === 'false' ? false : text)
  return text
}

function isFitting(field: Field, value: unknown): boolean {
  const { kind, min = 1, max = Number.MAX_SAFE_INTEGER, choices = [], mayBeEmpty = false } = field
  if (kind === 'integer')
    return isInteger(value, min, max) || (field.word !== undefined && value === field.word)
  if (kind === 'text') return isText(value, mayBeEmpty)
  if (kind === 'texts') {
    return Array.isArray(value) && value.length > 0 && value.every(item => isText(item, false))
  }
  if (kind === 'choice') return typeof value === 'string' && choices.includes(value)
  if (kind === 'boolean') return typeof value === 'boolean'
  return isHeaders(value)
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
}

function isText(value: unknown, mayBeEmpty: boolean): boolean {
  return typeof value === 'string' && (mayBeEmpty || value !== '')
}

function isHeaders(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every(
    each => typeof each === 'string' || (Array.isArray(each) && each.every(item => typeof item === 'string'))
  )
}

/** What a field may be, in words that follow "has to be". */
function describe({ kind, min = 1, max, word, choices = [], mayBeEmpty = false, required }: Field): string {
  if (kind === 'integer') {
    const bounds = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`
    return `a whole number ${bounds}${word === undefined ? '' : `, or ${JSON.stringify(word)}`}`
  }
  if (kind === 'text') return mayBeEmpty ? 'a text' : 'a text that is not empty'
  if (kind === 'texts') {
    return `a list with at least one text, none of them empty${required ? '' : '; leave it out for all'}`
  }
  if (kind === 'choice') return `one of ${choices.join(', ')}`
  if (kind === 'boolean') return 'true or false'
  return 'an object whose values are texts or lists of texts'
}

async function readText(request: IncomingMessage, max: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // What is too long is read all the same: leaving the loop would cut the connection, and the answer with it.
    if (size <= max) chunks.push(chunk)
    else chunks.length = 0
  }
  if (size > max) throw new RequestRefused(413, `The body is longer than ${max} bytes.`)
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return invalid(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (isDeep(value)) invalid(`the body has more than ${depthMax} objects or lists inside one another`)
  return value
}

/** Level by level and without recursion: what is too deep for later steps must not be too deep for this one. */
function isDeep(value: unknown): boolean {
  let level = [value].filter(isContainer)
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === depthMax) return true
    level = level.flatMap(container => Object.values(container).filter(isContainer))
  }
  return false
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function invalid(reason: string): never {
  throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
}
