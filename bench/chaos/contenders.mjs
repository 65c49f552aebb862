/**
 * Who is put under chaos, and how each restarts, reloads and scales: by its own command or signal, as its
 * documentation says. What a contender does not have is left out, and shown as such.
 *
 * Runs in the process of the benchmark. It only describes; `stage.mjs` starts, and ends.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { contenders as measured } from '../contenders.mjs'
import { bench, heddle, node } from '../place.mjs'

const chaos = import.meta.dirname
const heapMb = 256
const drainSeconds = 5

/**
 * What an order is made of: the entry to run, how many workers, the port, a directory of its own, the flags node
 * needs to run Heddle from its sources, and what its configuration has besides.
 * @typedef {{ entry: string, workers: number, port: number, adminPort: number, directory: string,
 *   env: Record<string, string>, nodeArgs: string[], config: object,
 *   token?: string }} Wish
 */

/**
 * What an operation may use: the process that was started, a command that has to end well, a line of its
 * output that is still to come, and the wish.
 * @typedef {{ wish: Wish, kill: (signal: string) => void, pid: number,
 *   command: (args: string[], env?: Record<string, string>) => Promise<string>,
 *   line: (pattern: RegExp) => Promise<string> }} Live
 */

// The reload that has to fail: it is done when it has, and has said so by its code and not by silence.
async function refused(reload, reason = /(?:)/) {
  try {
    await reload
  } catch (error) {
    if (typeof error.code === 'number' && reason.test(error.message)) return
    throw error
  }
  throw new Error('the reload with broken code succeeded')
}

/** The configuration file of Heddle for a wish. */
export function heddleFile(wish) {
  return join(wish.directory, 'heddle.json')
}

function heddleOrder(wish, mode) {
  const config = {
    applications: { chaos: { entry: wish.entry, limits: { oldGeneration: `${heapMb}MB` } } },
    workers: wish.workers,
    server: { port: wish.port, hostname: '127.0.0.1', mode },
    admin: { port: wish.adminPort, hostname: '127.0.0.1', token: wish.token },
    logger: { level: 'info', format: 'json' },
    rollout: { drainTimeout: `${drainSeconds}s` },
    ...wish.config
  }
  writeFileSync(heddleFile(wish), JSON.stringify(config, null, 2))
  return {
    command: node,
    args: [...wish.nodeArgs, heddle, 'start', '--config', heddleFile(wish)],
    // Behind an edge the application need not do anything for its WebSockets.
    env: mode === 'edge' ? wish.env : { ...wish.env, CHAOS_END: 'heddle' },
    cwd: wish.directory
  }
}

function heddleCommand({ command, wish }, ...args) {
  return command([...wish.nodeArgs, heddle, ...args, '--config', heddleFile(wish)])
}

function heddleIn(mode) {
  return {
    title: `Heddle, ${mode}`,
    setup: `\`heddle start\` in mode ${mode}, drainTimeout 5 s; \`heddle restart\`, \`reload\`, \`scale\`, SIGHUP.`,
    missing: measured['heddle-edge'].missing,
    order: wish => heddleOrder(wish, mode),
    operations: {
      restart: live => heddleCommand(live, 'restart'),
      reload: live => heddleCommand(live, 'reload'),
      refuse: live => refused(heddleCommand(live, 'reload'), /chaos: this code does not start/),
      scale: (live, workers) => heddleCommand(live, 'scale', 'chaos', `${workers}`),
      hangup: async live => {
        const done = live.line(/"msg":"Reload (?:is done|failed)/)
        live.kill('SIGHUP')
        const said = await done
        if (/"msg":"Reload failed/.test(said)) throw new Error(said.trim())
      }
    }
  }
}

const pm2 = join(bench, 'node_modules', 'pm2', 'bin', 'pm2')

function pm2Env(wish) {
  return { PM2_HOME: join(wish.directory, 'pm2'), PM2_DISABLE_VERSION_CHECK: 'true' }
}

function pm2Order(wish) {
  const limits = ['--kill-timeout', '10000', '--node-args', `--max-old-space-size=${heapMb}`]
  return {
    command: node,
    args: [pm2, 'start', wish.entry, '-i', `${wish.workers}`, '--name', 'chaos', ...limits],
    env: { ...wish.env, PORT: `${wish.port}`, CHAOS_END: 'signal', ...pm2Env(wish) },
    daemon: true
  }
}

const wattpm = join(bench, 'node_modules', 'wattpm', 'bin', 'cli.js')

async function wattRestart({ command, pid }) {
  await command([wattpm, 'restart', `${pid}`])
}

async function clusterRestart({ kill, line }) {
  const done = line(/^restarted$/m)
  kill('SIGUSR2')
  await done
}

/**
 * The contenders by id.
 * @type {Record<string, { title: string, setup: string, missing: () => string | null, order: (wish: Wish) => object,
 *   operations: Record<string, (live: Live, workers?: number) => Promise<unknown>> }>}
 */
export const chaosContenders = {
  'heddle-edge': heddleIn('edge'),
  'heddle-handoff': heddleIn('handoff'),
  cluster: {
    title: 'node:cluster',
    setup:
      'bench/chaos/peers/cluster.mjs: fork a fresh worker, wait until it listens, tell an old one to finish; SIGUSR2.',
    missing: () => null,
    order: wish => ({
      command: node,
      args: [join(chaos, 'peers', 'cluster.mjs'), wish.entry, `${wish.workers}`],
      env: { ...wish.env, PORT: `${wish.port}`, CHAOS_END: 'signal' }
    }),
    operations: { restart: clusterRestart, reload: clusterRestart, hangup: clusterRestart }
  },
  pm2: {
    title: 'PM2',
    setup:
      '`pm2 start -i 4 --kill-timeout 10000`, SIGINT handled as its documentation says; `pm2 reload`, `pm2 scale`.',
    missing: measured.pm2.missing,
    order: pm2Order,
    operations: {
      restart: ({ command, wish }) => command([pm2, 'reload', 'chaos'], pm2Env(wish)),
      reload: ({ command, wish }) => command([pm2, 'reload', 'chaos'], pm2Env(wish)),
      refuse: ({ command, wish }) => refused(command([pm2, 'reload', 'chaos'], pm2Env(wish))),
      scale: ({ command, wish }, workers) => command([pm2, 'scale', 'chaos', `${workers}`], pm2Env(wish))
    }
  },
  watt: {
    title: 'Watt',
    setup: '`wattpm start` with bench/chaos/peers/watt/watt.json; `wattpm restart`.',
    missing: measured.watt.missing,
    order: wish => ({
      command: node,
      args: [wattpm, 'start'],
      env: {
        ...wish.env,
        PORT: `${wish.port}`,
        BENCH_ENTRY: wish.entry,
        BENCH_WORKERS: `${wish.workers}`,
        CHAOS_END: 'watt'
      },
      cwd: join(chaos, 'peers', 'watt')
    }),
    operations: {
      restart: wattRestart,
      reload: wattRestart,
      refuse: live => refused(wattRestart(live)),
      hangup: wattRestart
    }
  }
}
