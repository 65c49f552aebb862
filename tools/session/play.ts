/**
 * Plays the story: opens the shop, starts a shell beside it, and does what is to be done, step by step.
 *
 * Runs in the process of a test or of `tools/session.ts`. It leaves nothing running.
 */
import { Shell } from './shell.ts'
import type { Moment } from './shell.ts'
import { Shop } from './shop.ts'
import { steps } from './story.ts'
import type { Pace, Scene } from './story.ts'

/** The size of the terminal. */
export const size = { columns: 132, rows: 24 } as const

/** What came of it. */
export interface Played {
  readonly scenes: readonly Scene[]
  readonly moments: readonly Moment[]
}

/** Plays all of it. @param pace How fast is typed, in milliseconds for each key, and for how long things are looked at. */
export async function play(pace: Pace & { readonly keyMs: number }): Promise<Played> {
  const shop = await Shop.open()
  try {
    // Long enough that the figures of the last seconds are those of the shop as it usually is.
    await shop.blocks()
    await shop.blocks()
    const instead = new Map([
      [shop.directory, '/srv/slow-shop'],
      [new URL(shop.url).port, '3000']
    ])
    const shell = await Shell.start({
      ...size,
      directory: shop.directory,
      env: shop.env,
      keyMs: pace.keyMs,
      instead
    })
    try {
      const scenes: Scene[] = []
      for (const step of steps) scenes.push(await step({ shell, shop, pace }))
      return { scenes, moments: shell.moments }
    } finally {
      await shell.end()
    }
  } finally {
    await shop.close()
  }
}
