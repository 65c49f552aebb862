/**
 * Over which ways the requests of one connection went, for whoever is there to be told when it closes. Edge thread.
 *
 * A connection of a proxy in front lives for weeks, and workers are replaced meanwhile: what is known of those that are
 * gone is dropped.
 */
import type { Link } from '@heddle/mesh/internal'

/** What is needed of a link. */
export type KnownLink = Pick<Link, 'isLost' | 'dismiss'>

/** The links of one connection. */
export class KnownLinks {
  readonly #links = new Set<KnownLink>()

  get size(): number {
    return this.#links.size
  }

  /** A request went that way. */
  add(link: KnownLink): void {
    if (this.#links.has(link)) return
    for (const known of this.#links) if (known.isLost) this.#links.delete(known)
    this.#links.add(link)
  }

  /** The connection is closed. */
  dismiss(peer: string): void {
    for (const link of this.#links) link.dismiss(peer)
  }
}
