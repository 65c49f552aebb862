/**
 * Gives the functions of a profile the places they have in their source, where source maps say so.
 *
 * Runs in worker threads, at the end of a profile. Only the application's own files are looked up, and for a limited
 * time: the thread stands meanwhile. What is left has the places in the files that run.
 */
import { hrtime } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { SourcePlaces } from './source-places.ts'

/** Where a function is, as the inspector says it: line and column from 0. Changed in place. */
export interface CallFrame {
  url: string
  lineNumber: number
  columnNumber: number
}

/** A function in a profile: of the time, in a list of all; of the heap, in a tree. */
export interface ProfileNode {
  readonly callFrame: CallFrame
  /** Of a profile of the time, samples by line, from 1; they are in the file that runs. */
  positionTicks?: unknown
  readonly children?: readonly (ProfileNode | number)[]
}

/** A profile, of either type. */
export interface AnyProfile {
  readonly nodes?: readonly ProfileNode[]
  readonly head?: ProfileNode
}

/** Milliseconds that reading maps may take. */
const limitMs = 200

const monotonicNs = hrtime.bigint.bind(hrtime)

/** Looks the functions of a profile up, and changes their places to those found. */
export function toSourcePlaces({ nodes, head }: AnyProfile): void {
  const places = new SourcePlaces()
  const untilNs = monotonicNs() + BigInt(limitMs * 1e6)
  const left = [...(nodes ?? []), ...(head === undefined ? [] : [head])]
  for (let node = left.pop(); node !== undefined && monotonicNs() < untilNs; node = left.pop()) {
    // In a list children are numbers, and nodes of the list themselves.
    for (const child of node.children ?? []) if (typeof child !== 'number') left.push(child)
    if (isOwn(node.callFrame.url)) locate(node, places)
  }
}

function isOwn(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/')
}

function locate(node: ProfileNode, places: SourcePlaces): void {
  const { callFrame } = node
  const { url, lineNumber, columnNumber } = callFrame
  const found = places.original({ file: fileURLToPath(url), line: lineNumber + 1, column: columnNumber + 1 })
  if (found === null) return
  callFrame.url = found.file.startsWith('/') ? pathToFileURL(found.file).href : found.file
  callFrame.lineNumber = found.line - 1
  callFrame.columnNumber = found.column - 1
  delete node.positionTicks
}
