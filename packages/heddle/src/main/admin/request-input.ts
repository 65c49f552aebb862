/**
 * Reads what a request to the management API brings: a JSON object, checked against the operation's fields.
 *
 * Main thread only.
 */
import type { IncomingMessage } from 'node:http'

import type { Field, Operation } from '../../control/operation.ts'
import { HeddleError } from '../../errors.ts'

/** Bytes a body may have. The settings of an application take a few hundred. */
const bodyMax = 256 * 1024

/** What an operation is asked with, by field. */
export type Input = Readonly<Record<string, unknown>>

/**
 * The body of a request as an object; an empty body is an empty one.
 *
 * @throws HEDDLE_REQUEST_INVALID
 */
export async function readInput(request: IncomingMessage, operation: Operation): Promise<Input> {
  const text = await readText(request)
  const value: unknown = text.trim() === '' ? {} : parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) invalid('the body is no object')
  const input = value as Input
  checkInput(operation, input)
  return input
}

/** Finds what is wrong with an input. @throws HEDDLE_REQUEST_INVALID */
export function checkInput({ body, isOpen }: Pick<Operation, 'body' | 'isOpen'>, input: Input): void {
  const known = Object.keys(body)
  for (const name of Object.keys(input)) {
    if (!isOpen && !Object.hasOwn(body, name)) {
      invalid(`"${name}" is unknown here${known.length === 0 ? '' : `; known are ${known.join(', ')}`}`)
    }
  }
  for (const [name, field] of Object.entries<Field>(body)) {
    const value = input[name]
    if (value === undefined && !field.required) continue
    if (value === undefined) invalid(`"${name}" is missing`)
    if (!isKind(field, value)) invalid(`"${name}" has to be ${kinds[field.kind]}`)
  }
}

const kinds: Readonly<Record<Field['kind'], string>> = {
  integer: 'a whole number of at least 1',
  text: 'a text that is not empty',
  texts: 'a list of texts',
  choice: 'one of the choices',
  boolean: 'true or false',
  headers: 'an object of texts'
}

function isKind({ kind }: Field, value: unknown): boolean {
  if (kind === 'integer') return Number.isSafeInteger(value) && Number(value) >= 1
  if (kind === 'text') return typeof value === 'string' && value !== ''
  if (kind === 'texts') return Array.isArray(value) && value.every(item => typeof item === 'string')
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // What is too long is read all the same: leaving the loop would cut the connection, and the answer with it.
    if (size <= bodyMax) chunks.push(chunk)
  }
  if (size > bodyMax) invalid(`the body is longer than ${bodyMax} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return invalid(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function invalid(reason: string): never {
  throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
}
