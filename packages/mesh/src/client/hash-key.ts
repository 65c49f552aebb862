/**
 * The key of a request for the balancing policy `hash`, and its hash. Any thread; pure.
 */
import type { BalancedRequest } from './balancing.ts'

/** The part of a request a policy hashes, `null` when the request has none. */
export function requestKey(what: string, request: BalancedRequest): string | null {
  if (what === 'path') return request.path.split('?', 1)[0] ?? null
  if (what === 'ip') return request.peer?.split(' ', 1)[0] ?? null
  const colon = what.indexOf(':')
  const name = what.slice(colon + 1)
  return what.startsWith('cookie:')
    ? cookieIn(headerIn(request.headers, 'cookie'), name)
    : headerIn(request.headers, name)
}

/** FNV-1a, 32 bits, over the UTF-16 code units of a text, mixed. */
export function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93)
  }
  return mix(hash)
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the output's. */
export function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The first value of a header in a block, found without taking the block apart. */
function headerIn(block: string, name: string): string | null {
  const needle = `${name.toLowerCase()}: `
  const lower = block.toLowerCase()
  let at = lower.startsWith(needle) ? 0 : lower.indexOf(`\r\n${needle}`)
  if (at === -1) return null
  if (at > 0) at += 2
  const end = block.indexOf('\r\n', at)
  return block.slice(at + needle.length, end === -1 ? undefined : end)
}

function cookieIn(header: string | null, name: string): string | null {
  for (const part of header?.split(';') ?? []) {
    const equals = part.indexOf('=')
    if (equals !== -1 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return null
}
