/**
 * How a piece of a body is made fit to travel. Any thread; pure.
 *
 * A small Buffer is a window on a pool of 64 KiB (Node 24 and 26), and structured clone copies the
 * whole pool and shows the receiver other people's bytes: so nothing that shares its buffer is ever
 * posted. Short pieces go as Latin-1 strings, which clone in a fraction of the time of a typed array;
 * long ones as an array that owns its buffer.
 */
import { BYTES, LATIN1, NO_BODY, UTF8, type BodyField, type BodyKind } from './frames.ts'

/** Pieces up to this many bytes travel as a string: it clones faster up to about here. */
export const STRING_MAX: number = 16 * 1024

/** The kind {@link fieldOf} will give `chunk`. */
export function kindOf(chunk: Uint8Array): BodyKind {
  if (chunk.byteLength === 0) return NO_BODY
  return chunk.byteLength <= STRING_MAX ? LATIN1 : BYTES
}

/** `chunk` as it may be posted. */
export function fieldOf(chunk: Uint8Array): BodyField {
  const length = chunk.byteLength
  if (length === 0) return null
  if (length <= STRING_MAX) return asBuffer(chunk).toString('latin1')
  const { buffer } = chunk
  // What is shared or can change its size would not be cloned.
  const own = buffer.byteLength === length && buffer instanceof ArrayBuffer && !buffer.resizable
  if (!own) return new Uint8Array(chunk)
  return chunk instanceof Buffer ? new Uint8Array(buffer, 0, length) : chunk
}

/** A received field as bytes. */
export function bytesOf(kind: number, field: BodyField): Buffer {
  if (typeof field === 'string') return Buffer.from(field, kind === UTF8 ? 'utf8' : 'latin1')
  return field === null ? Buffer.alloc(0) : asBuffer(field)
}

/** How many bytes a field stands for. */
export function sizeOf(kind: number, field: BodyField): number {
  if (field === null) return 0
  if (typeof field !== 'string') return field.byteLength
  return kind === UTF8 ? Buffer.byteLength(field) : field.length
}

function asBuffer(chunk: Uint8Array): Buffer {
  return chunk instanceof Buffer ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
