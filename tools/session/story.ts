/**
 * What is done in the session, step by step: somebody finds out which worker of which application is slow, and why.
 *
 * It is played by `tools/session.ts`, which writes it into the docs, and by a test.
 */
import type { Shell } from './shell.ts'
import type { Shop } from './shop.ts'
import type { Run } from './terminal.ts'

/** A step that was played: the name of its picture, what it shows, and the lines of the terminal. */
export interface Scene {
  readonly name: string
  readonly title: string
  readonly lines: readonly (readonly Run[])[]
}

/** How long somebody looks at a screen that changes, in milliseconds. */
export interface Pace {
  readonly lookMs: number
}

/** The worker it is about. */
export const slowWorker = 'delivery:1'

/** A step, which resolves with what the terminal then shows. */
type Step = (stage: { shell: Shell; shop: Shop; pace: Pace }) => Promise<Scene>

/** The steps in their order. */
export const steps: readonly Step[] = [
  async ({ shell, shop }) => {
    // Typed before, sent when it happens: it does not last.
    const lines = await shell.run('heddle ps', shop.blocks())
    return scene('ps', 'heddle ps', lines)
  },
  async ({ shell }) => {
    const lines = await shell.run(`heddle logs ${slowWorker} --level warn --tail 4`)
    return scene('logs', 'heddle logs', lines)
  },
  async ({ shell, pace }) => {
    await shell.type('heddle top\r')
    await shell.until(() => shell.isFullScreen, 'the whole screen is taken')
    await shell.shows(/^edge:0/)
    // By how busy the event loops are; then the worst worker, below its application.
    await shell.type('ssss')
    await shell.shows(/[▲▼]ELU/)
    await shell.type(`${'k'.repeat(9)}j`)
    await shell.look(pace.lookMs)
    await shell.shows(new RegExp(`^${slowWorker}  its event loop has stood still`))
    const lines = shell.screen()
    const back = shell.prompt()
    await shell.type('q')
    await back
    return scene('top', 'heddle top', lines)
  },
  async ({ shell }) => {
    const lines = await shell.run(`heddle profile cpu ${slowWorker} --seconds 5 -o delivery.cpuprofile`)
    return scene('profile', 'heddle profile', lines)
  },
  async ({ shell, shop }) => {
    shop.repair()
    const reload = await shell.run('heddle reload')
    await shop.forget()
    return scene('reload', 'heddle reload', [...reload, [], ...(await shell.run('heddle ps'))])
  }
]

function scene(name: string, title: string, lines: readonly (readonly Run[])[]): Scene {
  return { name, title, lines }
}
