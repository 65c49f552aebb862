/** How the tests ask, and what of an answer they compare. */
import assert from 'node:assert/strict'

import { request } from 'undici'

import type { Side } from './both-sides.ts'

type RequestOptions = Parameters<typeof request>[1]

/** Sends a request by `undici.request` and reads all of its answer. */
export async function ask(side: Side, path: string, options: RequestOptions = {}): Promise<unknown> {
  const { dispatcher, origin } = side
  const { statusCode, statusText, headers, trailers, body } = await request(`${origin}${path}`, {
    dispatcher,
    ...options
  })
  const text = await body.text()
  return { statusCode, statusText, headers: own(headers), text, trailers }
}

/** Headers without those that speak of a connection, which the mesh has none of, and of the time. */
export function own(headers: object): object {
  const {
    date,
    connection,
    'keep-alive': keep,
    'transfer-encoding': coding,
    ...others
  } = headers as Record<string, unknown>
  assert.notEqual(`${String(date)}${String(connection)}${String(keep)}${String(coding)}`, '')
  return others
}
