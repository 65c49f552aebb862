/**
 * Who may talk to whom, as the hook `onChannelCreation` has said. Any thread.
 *
 * The hook is asked once for each pair of hostnames, when the second of them is first routed, and its answer
 * holds in both directions as long as both are there.
 */
import { hookList } from './hooks.ts'

/** May deny that two hostnames call each other, by returning false. */
export type ChannelHook = (first: string, second: string) => unknown

/** The answers of the hook. */
export class ChannelPolicy {
  readonly #hooks: readonly ChannelHook[]
  readonly #hostnames = new Set<string>()
  /** `first second` of the pairs denied, in both orders. */
  readonly #denied = new Set<string>()

  /**
   * @throws MESH_INVALID_OPTION for a hook that is none.
   */
  constructor(hooks: ChannelHook | readonly ChannelHook[] | undefined) {
    this.#hooks = hookList('onChannelCreation', hooks)
  }

  /** A hostname is routed. What the hook throws is thrown. */
  add(hostname: string): void {
    if (this.#hooks.length === 0 || this.#hostnames.has(hostname)) return
    for (const other of this.#hostnames) {
      if (this.#hooks.every(hook => hook(other, hostname) !== false)) continue
      this.#denied.add(`${other} ${hostname}`).add(`${hostname} ${other}`)
    }
    this.#hostnames.add(hostname)
  }

  /** Nobody answers to it any more. */
  delete(hostname: string): void {
    this.#hostnames.delete(hostname)
    for (const pair of this.#denied) if (pair.split(' ').includes(hostname)) this.#denied.delete(pair)
  }

  /** Whether `from` may call `to`. */
  readonly allow = (from: string, to: string): boolean => !this.#denied.has(`${from} ${to}`)
}
