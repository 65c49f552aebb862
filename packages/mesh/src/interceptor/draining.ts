/**
 * Waits until a thread has answered what it was given. Runs in the thread that answers.
 */
import type { Mesh } from '../thread.ts'

/** Whose requests are waited for, and how long upgraded connections may stay. */
export interface Draining {
  /** `null` for all. */
  readonly hostname: string | null
  readonly upgradeMs: number
}

/**
 * Resolves when what the thread is answering has been answered. No sender chooses it any more; what they
 * have sent before may still lie in its ports.
 */
export async function drain(mesh: Mesh, { hostname, upgradeMs }: Draining): Promise<void> {
  // Two turns: a batch that was on its way is taken out of its port in the first.
  await turn()
  await turn()
  const mine = mesh
    .answering()
    .filter(({ host }) => hostname === null || !isOther(host, hostname, mesh.domain))
  const cut = setTimeout(() => {
    for (const invocation of mine) invocation.cutTunnel()
  }, upgradeMs)
  cut.unref()
  const busy = (): boolean => mine.some(({ over }) => !over) || (hostname === null && mesh.inflight() > 0)
  for (let pause = 1; busy() && !mesh.left; pause = Math.min(pause * 2, 50)) {
    await new Promise(resolve => setTimeout(resolve, pause))
  }
  clearTimeout(cut)
}

/** Whether a request was for another host of the mesh. Its own may have been called something else. */
function isOther(host: string | undefined, hostname: string, domain: string): boolean {
  const name = host?.toLowerCase().replace(/:\d+$/, '') ?? ''
  return name.endsWith(domain) && name !== hostname + domain
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
