/**
 * Hides what must not be in the access log, before a line is made of it: in each of its forms the same. Edge thread;
 * pure.
 *
 * The places are those of `logger.redact`, and mean the fields of the line in JSON: `path`, `client`, `referer` and so
 * on. Queries are looked into as if their parameters were fields below `query`: `query.token` hides the values of
 * `token` in the path and in the referer, `query` all there is behind the question mark.
 */
import type { RequestAccount, RequestHead } from '@heddle/mesh/internal'

import { censored, compileRedaction } from '../shared/log-redact.ts'
import type { Redact } from '../shared/log-redact.ts'
import { readableLine } from './access-line.ts'
import type { AccessFacts } from './access-line.ts'

/** Gives what is known of a request back without what is to be hidden: itself, when that is nothing. */
export type HideFacts = (facts: AccessFacts) => AccessFacts

/** The fields with texts of strangers, and which of them are hidden. */
type Hidden = Readonly<Record<(typeof textFields)[number], boolean>>

const textFields = [
  'method',
  'path',
  'client',
  'host',
  'requestId',
  'userAgent',
  'referer',
  'detail'
] as const

/**
 * Prepares the hiding.
 *
 * @param paths `logger.redact`.
 * @returns `null` when none of the paths is about requests.
 */
export function accessRedaction(paths: readonly string[]): HideFacts | null {
  const redact = compileRedaction(paths)
  const hidden = Object.fromEntries(textFields.map(name => [name, isHidden(redact, name)])) as Hidden
  const hideQuery = paths.some(path => aboutQueries.test(path)) ? queryRedaction(redact) : same
  if (hideQuery === same && !textFields.some(name => hidden[name])) return null
  return facts => hide(facts, hidden, hideQuery)
}

/** A path that begins with `query`, or with what stands for any name. */
const aboutQueries = /^(?:query(?![^.[])|\*|\["query"\]|\['query'\]|\[\*\])/

function same(text: string): string {
  return text
}

function isHidden(redact: Redact, name: string): boolean {
  return redact({ [name]: '' })[name] === censored
}

/** Hides in a URL, or in what should have been one, the parameters of its query. */
function queryRedaction(redact: Redact): (url: string) => string {
  const hidesAll = isHidden(redact, 'query')
  const isNameHidden = remembering(name => {
    const fields: Record<string, Record<string, string>> = { query: { [decoded(name)]: '' } }
    return redact(fields) !== fields
  })
  return url => {
    const at = url.indexOf('?')
    if (at === -1) return url
    const query = url.slice(at + 1)
    const shown = hidesAll ? censored : hideParameters(query, isNameHidden)
    return url.slice(0, at + 1) + shown
  }
}

function hideParameters(query: string, isNameHidden: (name: string) => boolean): string {
  const parameters = query.split('&').map(text => {
    const end = text.indexOf('=')
    if (end === -1) return text
    const name = text.slice(0, end)
    return isNameHidden(name) ? `${name}=${censored}` : text
  })
  return parameters.join('&')
}

/** Names come from strangers: no more than these are remembered. */
const namesMax = 256

function remembering(ask: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return name => {
    const answer = known.get(name) ?? ask(name)
    if (known.size < namesMax) known.set(name, answer)
    return answer
  }
}

/** As applications read it: `tok%65n` is `token`. */
function decoded(name: string): string {
  if (!/[%+]/.test(name)) return name
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}

function hide(facts: AccessFacts, hidden: Hidden, hideQuery: (url: string) => string): AccessFacts {
  const { account, client } = facts
  const { head } = account
  const text = (name: keyof Hidden, value: string): string =>
    hidden[name] && value !== '' ? censored : value
  const url = (name: 'path' | 'referer', value: string): string => text(name, hideQuery(value))
  return {
    ...facts,
    client: text('client', client),
    account: {
      ...account,
      // Counted by what a connection has, not kept in the account itself.
      status: account.status,
      bytesIn: account.bytesIn,
      bytesOut: account.bytesOut,
      head: head === null ? null : hideHead(head, text, url),
      line: hideLine(account.line, text, url),
      detail: text('detail', hideDetail(account, text, url))
    }
  }
}

type HideText = (name: keyof Hidden, value: string) => string
type HideUrl = (name: 'path' | 'referer', value: string) => string

function hideHead(head: RequestHead, text: HideText, url: HideUrl): RequestHead {
  return {
    ...head,
    method: text('method', head.method),
    target: url('path', head.target),
    host: text('host', head.host),
    requestId: text('requestId', head.requestId),
    userAgent: text('userAgent', head.userAgent),
    referer: url('referer', head.referer)
  }
}

/** What came in place of a request: what cannot be taken apart is a path as a whole. */
function hideLine(line: string, text: HideText, url: HideUrl): string {
  const [, method, target, protocol] = readableLine.exec(line) ?? []
  if (method === undefined || target === undefined) return url('path', line)
  return `${text('method', method)} ${url('path', target)} ${protocol}`
}

/** A request nobody answers is told of with its host and its target. */
function hideDetail({ head, detail }: RequestAccount, text: HideText, url: HideUrl): string {
  if (head === null) return detail
  const { host, target } = head
  return detail.replace(host + target, () => text('host', host) + url('path', target))
}
