/**
 * Who may import whom: the plan of the house, which tidy.test.ts holds the code against. A room is a folder
 * of a package's `src`, or a file on its top. Each may import itself and what is listed; other packages are
 * listed by name. Rooms under `heddle/main` never import one another.
 */

/** What a room may import. */
export interface Room {
  readonly uses: readonly string[]
  /** Only as types. */
  readonly types?: readonly string[]
  /** Only with `import()`, when it is needed. */
  readonly loads?: readonly string[]
}

const meshGround = [
  'mesh/errors',
  'mesh/node-http',
  'mesh/wire',
  'mesh/scoreboard',
  'mesh/traffic',
  'mesh/durations'
]
const ground = ['heddle/errors', 'heddle/shared']

/** One line for each room; `…/*` speaks for all rooms of that folder. */
export const mayImport: Readonly<Record<string, Room>> = {
  'mesh/errors': { uses: [] },
  'mesh/wire': { uses: ['mesh/errors'] },
  'mesh/durations': { uses: [] },
  'mesh/scoreboard': { uses: ['mesh/durations'] },
  'mesh/traffic': { uses: [] },
  'mesh/deadline': { uses: [] },
  'mesh/node-http': { uses: [] },
  'mesh/registry': { uses: meshGround },
  'mesh/server': { uses: [...meshGround, 'mesh/deadline'] },
  'mesh/http1': { uses: meshGround, types: ['mesh/client'] },
  'mesh/client': { uses: [...meshGround, 'mesh/deadline', 'mesh/http1'] },
  'mesh/thread': { uses: [...meshGround, 'mesh/client', 'mesh/server'] },
  'mesh/interceptor': {
    uses: [...meshGround, 'mesh/registry', 'mesh/client', 'mesh/server', 'mesh/thread']
  },

  'heddle/errors': { uses: [] },
  'heddle/events': { uses: [] },
  'heddle/shared': { uses: [] },
  'heddle/control': { uses: ['heddle/errors'], types: ['heddle/config'] },
  'heddle/config': { uses: [...ground, 'heddle/config/machine'], types: ['@heddle/mesh'] },
  'heddle/config/machine': { uses: ground },
  'heddle/channel': { uses: ground, types: ['heddle/config', '@heddle/mesh'] },
  'heddle/edge': {
    uses: [...ground, 'heddle/channel', '@heddle/mesh', '@heddle/mesh/internal'],
    types: ['heddle/config']
  },
  'heddle/handoff': {
    uses: [...ground, 'heddle/channel', '@heddle/mesh', '@heddle/mesh/internal'],
    types: ['heddle/config']
  },
  'heddle/worker': {
    uses: [...ground, 'heddle/channel', 'heddle/worker/kinds', '@heddle/mesh', '@heddle/mesh/internal'],
    types: ['heddle/config'],
    loads: ['#adopt']
  },
  'heddle/worker/kinds': { uses: [...ground, 'heddle/channel', 'srvx/node'] },
  'heddle/main/inject': {
    uses: [...ground, '@heddle/mesh', '@heddle/mesh/internal'],
    types: ['heddle/control']
  },
  'heddle/main/machine': {
    uses: [...ground, 'heddle/events', 'heddle/channel', 'heddle/control', 'heddle/config/machine'],
    types: ['heddle/config']
  },
  'heddle/main/*': {
    uses: [...ground, 'heddle/events', 'heddle/channel', 'heddle/control', '@heddle/mesh'],
    types: ['heddle/config']
  },
  'heddle/main': {
    uses: [
      ...ground,
      'heddle/events',
      'heddle/channel',
      'heddle/control',
      'heddle/main/*',
      'heddle/main/inject',
      'heddle/main/machine',
      '@heddle/mesh'
    ],
    types: ['heddle/config']
  },
  'heddle/build': { uses: ground, types: ['heddle/config'] },
  'heddle/embed': {
    uses: [...ground, 'heddle/events', 'heddle/config', 'heddle/control', 'heddle/main'],
    types: ['heddle/main/*']
  },
  'heddle/in-thread': {
    uses: [
      ...ground,
      'heddle/config',
      'heddle/worker',
      'heddle/worker/kinds',
      '@heddle/mesh',
      '@heddle/mesh/internal'
    ],
    types: ['heddle/channel']
  },
  'heddle/init': { uses: [...ground, 'heddle/config'] },
  'heddle/cli/facts': { uses: ['heddle/config'] },
  'heddle/cli/completion': { uses: ['heddle/cli/facts'] },
  'heddle/cli/terminal': { uses: [] },
  'heddle/cli/workers': { uses: ['heddle/cli/terminal'], types: ['heddle/main/*'] },
  'heddle/cli': {
    uses: [
      ...ground,
      'heddle/config',
      'heddle/control',
      'heddle/cli/facts',
      'heddle/cli/terminal',
      'commander'
    ],
    types: ['heddle/events'],
    loads: ['heddle/cli/commands']
  },
  'heddle/cli/top': {
    uses: ['heddle/control', 'heddle/cli', 'heddle/cli/terminal', 'heddle/cli/workers'],
    types: ['heddle/main/*']
  },
  'heddle/cli/load-test': { uses: [...ground, 'heddle/cli/terminal'] },
  'heddle/cli/dev': {
    uses: [...ground, 'heddle/cli'],
    types: ['heddle/config', 'heddle/events']
  },
  'heddle/cli/commands': {
    uses: [
      ...ground,
      'heddle/config',
      'heddle/control',
      'heddle/cli',
      'heddle/cli/completion',
      'heddle/cli/dev',
      'heddle/cli/load-test',
      'heddle/cli/terminal',
      'heddle/cli/workers',
      'heddle/build',
      'heddle/init'
    ],
    types: ['heddle/channel', 'heddle/events', 'heddle/main', 'heddle/main/*'],
    loads: ['heddle/main', 'heddle/cli/top']
  }
}
