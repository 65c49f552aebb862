/**
 * What the tests of whole servers have in common: waiting for an event, and the end.
 *
 * Runs in the thread of the tests.
 */
import type { TestContext } from 'node:test'

import type { Events, HeddleEvents } from '../../src/events.ts'
import type { Coordinator } from '../../src/main/coordinator.ts'

/** Resolves at the next event of that name that fits. */
export function nextEvent<Name extends keyof HeddleEvents>(
  events: Pick<Events, 'on'>,
  name: Name,
  fits: (fact: HeddleEvents[Name]) => boolean = () => true
): Promise<HeddleEvents[Name]> {
  return new Promise(resolve => {
    const off = events.on(name, fact => {
      if (!fits(fact)) return
      off()
      resolve(fact)
    })
  })
}

/** When the test is over the server is stopped, and what is in flight is not waited for. */
export function stopAfter(t: Pick<TestContext, 'after'>, server: Coordinator): void {
  t.after(() => stopAtOnce(server))
}

/** Resolves when the server has stopped; what is in flight is not waited for. */
export async function stopAtOnce(server: Coordinator): Promise<void> {
  const stopped = server.stop('the test is over')
  server.hurry()
  await stopped
}
