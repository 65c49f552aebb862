/**
 * From method and path of a request to the operation it asks for.
 *
 * Main thread of a server. Pure.
 */
import { operations } from './contract.ts'
import type { OperationName, Place } from './contract.ts'

/** What the path of a request stands for. */
export type Match =
  | { readonly found: true; readonly name: OperationName; readonly place: Place }
  /** Methods the path has; empty when there is nothing at it. */
  | { readonly found: false; readonly methods: readonly string[] }

/** Finds the operation for a request. */
export function matchOperation(method: string, pathname: string): Match {
  const methods: string[] = []
  for (const [name, operation] of Object.entries(operations)) {
    const place = placeIn(operation.path, pathname)
    if (place === null) continue
    if (operation.method === method || (method === 'HEAD' && operation.method === 'GET')) {
      return { found: true, name: name as OperationName, place }
    }
    methods.push(...(operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method]))
  }
  return { found: false, methods: [...new Set(methods)] }
}

function placeIn(pattern: string, pathname: string): Place | null {
  const wanted = pattern.split('/')
  const given = pathname.split('/')
  if (wanted.length !== given.length) return null
  let place: Place = {}
  for (const [index, part] of wanted.entries()) {
    const text = given[index] ?? ''
    if (part === ':id') {
      const id = decoded(text)
      if (id === null || id === '') return null
      place = { ...place, id }
    } else if (part === ':slot') {
      if (!/^\d{1,4}$/.test(text)) return null
      place = { ...place, slot: Number(text) }
    } else if (part !== text) return null
  }
  return place
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that introduces nothing: no id has one.
    return null
  }
}
