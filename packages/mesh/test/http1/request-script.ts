/**
 * Feeds bytes to a request parser and writes down what it says, for the parser's tests. Pure.
 */
import type { RequestHead, RequestLimits } from '../../src/http1/request-head.ts'
import { RequestParser } from '../../src/http1/request-parser.ts'

/** Limits that refuse nothing ordinary. */
export const limits: RequestLimits = {
  maxHeaderSize: 4096,
  maxHeadersCount: 20,
  maxUrlSize: 1024,
  maxBodySize: 10_000
}

/** What the parser said; the pieces of one body are joined. */
export type ParserEvent =
  | { readonly type: 'request'; readonly head: RequestHead }
  | { readonly type: 'body'; readonly text: string }
  | { readonly type: 'complete'; readonly trailers: string }
  | { readonly type: 'refusal'; readonly status: number }

/** Parses pieces of a stream, going on to the next request as soon as one is complete. */
export function parse(pieces: Iterable<string | Buffer>, given: Partial<RequestLimits> = {}): ParserEvent[] {
  const events: ParserEvent[] = []
  let complete = false
  const parser = new RequestParser(
    { ...limits, ...given },
    {
      onRequest: head => {
        events.push({ type: 'request', head })
        // What follows an upgrade is no HTTP: a connection takes it out of the parser.
        if (head.upgrade !== null) parser.stop()
      },
      onBody: chunk => {
        const last = events.at(-1)
        const text = chunk.toString('latin1')
        if (last?.type === 'body') events[events.length - 1] = { type: 'body', text: last.text + text }
        else events.push({ type: 'body', text })
      },
      onComplete: trailers => {
        events.push({ type: 'complete', trailers })
        complete = true
      },
      onRefusal: ({ status }) => events.push({ type: 'refusal', status })
    }
  )
  for (const piece of pieces) {
    // A copy: connections hand over views of a buffer that is written again.
    parser.push(Buffer.from(piece as string, 'latin1'))
    while (complete) {
      complete = false
      parser.next()
    }
  }
  return events
}

/** The status a stream is refused with, or null. */
export function refusalOf(text: string, given: Partial<RequestLimits> = {}): number | null {
  const last = parse([text], given).at(-1)
  return last?.type === 'refusal' ? last.status : null
}

/** The only head in a stream. Throws when it is refused. */
export function headOf(text: string, given: Partial<RequestLimits> = {}): RequestHead {
  const [first] = parse([text], given)
  if (first?.type !== 'request') throw new Error(`no head but ${JSON.stringify(first)}`)
  return first.head
}
