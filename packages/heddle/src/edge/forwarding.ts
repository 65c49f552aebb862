/**
 * What an application is told about the client behind the edge: the forwarding headers. Edge thread.
 *
 * What a client claims about itself is believed only when its address is trusted; otherwise it is
 * replaced, so that nobody can pretend to be someone else.
 */
import { BlockList, isIP, isIPv6 } from 'node:net'

import type { RequestHead } from '@heddle/mesh/internal'

/** What is known of a connection, worked out once for all of its requests. */
export interface Peer {
  readonly address: string
  readonly trusted: boolean
  /** The peer as the mesh carries it: address, port, 1 for TLS, number of the connection. */
  readonly line: string
  /** The same without a number: for the first request of a connection, which may be its last. */
  readonly firstLine: string
}

/** Whether an address may speak for others. */
export type Trust = (address: string) => boolean

const visible = /^[\x21-\x7e]{1,200}$/

/**
 * Prepares the list of trusted proxies.
 *
 * @param entries Addresses and CIDR ranges; configuration has checked them.
 */
export function createTrust(entries: readonly string[]): Trust {
  if (entries.length === 0) return () => false
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return address => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** The address a request comes from: behind trusted proxies the last one they name that is no such proxy itself. */
export function clientAddress({ address, trusted }: Peer, forwardedFor: string, trust: Trust): string {
  if (!trusted || forwardedFor === '') return address
  let client = address
  for (const entry of forwardedFor.split(',').toReversed()) {
    const named = addressIn(entry.trim())
    if (named === null) break
    client = named
    if (!trust(named)) break
  }
  return client
}

/** Some proxies add the port. */
const withPort = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/

function addressIn(entry: string): string | null {
  const [, inBrackets, beforeColon] = withPort.exec(entry) ?? []
  const address = inBrackets ?? beforeColon ?? entry
  return isIP(address) === 0 ? null : address
}

// Unique over threads, processes and machines by 64 random bits per thread. It is no secret, so that the
// crypto module, which takes longer to load than the rest of this thread, need not be.
const origin = Array.from({ length: 4 }, () =>
  Math.trunc(Math.random() * 0x1_0000)
    .toString(16)
    .padStart(4, '0')
)
const idPrefix = `${origin.join('')}-`
let issued = 0

function nextRequestId(): string {
  issued++
  return `${idPrefix}${issued.toString(36)}`
}

/** The request's id: the one it came with when its sender is trusted, else a new one. Stored in the head. */
export function requestIdOf(head: RequestHead, peer: Peer): string {
  if (!peer.trusted || !visible.test(head.requestId)) head.requestId = nextRequestId()
  return head.requestId
}

/**
 * The header lines an application gets in place of those the client sent.
 *
 * @param strippedPrefix Path prefix a route removed, or an empty string.
 */
export function forwardingLines(head: RequestHead, peer: Peer, strippedPrefix: string): string {
  const { trusted, address } = peer
  const client = trusted && head.forwardedFor !== '' ? `${head.forwardedFor}, ${address}` : address
  const proto = trusted && head.forwardedProto !== '' ? head.forwardedProto : 'http'
  const host = trusted && head.forwardedHost !== '' ? head.forwardedHost : head.host
  const claims = trusted ? head.claims : ''
  const prefix = strippedPrefix === '' ? '' : `X-Forwarded-Prefix: ${strippedPrefix}\r\n`
  return (
    `X-Forwarded-For: ${client}\r\nX-Forwarded-Proto: ${proto}\r\n` +
    `${host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`}${prefix}${claims}X-Request-Id: ${head.requestId}\r\n`
  )
}
