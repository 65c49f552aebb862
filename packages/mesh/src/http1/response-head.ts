/**
 * Turns the head of a mesh response into the head an HTTP/1 connection sends. Any thread; pure.
 *
 * Framing belongs to the connection: whatever the application wrote about it is taken out, and length,
 * chunked or close is chosen anew for the client at hand.
 */

/** What a response's header block says about its framing. */
export interface BlockFacts {
  /** The block without headers that speak of a connection. */
  readonly block: string
  /** Declared body length, -1 when none is declared. */
  readonly contentLength: number
  /** The application asks for the connection to be closed. */
  readonly close: boolean
}

/**
 * Reads a block once; copies it only when something has to go.
 *
 * @throws RangeError when it declares several lengths (RFC 9112, section 6.3).
 */
export function inspectBlock(block: string): BlockFacts {
  let contentLength = -1
  let close = false
  let kept = ''
  /** Up to here the block is in `kept`, or has been left out. */
  let done = 0
  for (let at = 0; at < block.length;) {
    let end = block.indexOf('\r\n', at)
    if (end === -1) end = block.length
    const length = block.indexOf(':', at) - at
    // Only names of these lengths can mean anything here: most lines cost one comparison.
    if (length === 7 || length === 10 || length === 14 || length === 16 || length === 17) {
      const name = block.slice(at, at + length).toLowerCase()
      const value = block.slice(at + length + 2, end)
      const isLength = name === 'content-length'
      const again = isLength && contentLength !== -1
      if (isLength) contentLength = agreedLength(contentLength, value)
      if (isLength ? again || contentLength === -1 : perConnection.has(name)) {
        kept += block.slice(done, at)
        done = end + 2
        close ||= name === 'connection' && /close/i.test(value)
      }
    }
    at = end + 2
  }
  return { block: done === 0 ? block : kept + block.slice(done), contentLength, close }
}

/** The length after another line: whoever took the one for the other would take the rest for the next response. */
function agreedLength(before: number, value: string): number {
  const length = digits.test(value) ? Number(value) : -1
  if (before !== -1 && length !== before) throw new RangeError('The response declares several lengths.')
  return length
}

/** A length that a number holds exactly. */
const digits = /^\d{1,15}$/

const perConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade'
])

/** How the end of a body is told to the client. */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

/** What the choice of framing depends on. */
export interface FramingFacts {
  readonly method: string
  readonly status: number
  /** Minor HTTP version of the client. */
  readonly minor: number
  readonly contentLength: number
}

/** Chooses the framing (RFC 9112, section 6.3). */
export function chooseFraming({ method, status, minor, contentLength }: FramingFacts): Framing {
  if (method === 'HEAD' || status === 204 || status === 304 || status < 200) return 'none'
  if (contentLength >= 0) return 'length'
  return minor === 1 ? 'chunked' : 'close'
}
