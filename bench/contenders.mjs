/**
 * Everybody who is measured: how each is started with the same application code, and why it may be missing.
 *
 * Runs in the process of `run.mjs`. Each contender gets its defaults; what differs from them is said in its
 * `setup`, which is printed in docs/benchmarks.md. It only describes: `arena.mjs` starts and ends.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { bench, heddle, heddleBuilt, node, root, scratch } from './place.mjs'
import { freePorts } from './probe.mjs'

/**
 * @typedef {{ entry: string, workers: number, port: number, env: Record<string, string>, nodeArgs?: string[] }} Wish
 * @typedef {{ command: string, args: string[], env?: Record<string, string>, cwd?: string, daemon?: boolean,
 *   answersOn?: number }} Order `answersOn`: the next order waits until this port answers.
 */

function heddleOrder(wish, mode) {
  const flags = ['--workers', `${wish.workers}`, '--port', `${wish.port}`, '--hostname', '127.0.0.1']
  return [
    {
      command: node,
      args: [
        ...(wish.nodeArgs ?? []),
        heddle,
        'start',
        wish.entry,
        ...flags,
        '--mode',
        mode,
        '--log-level',
        'warn'
      ],
      env: wish.env,
      cwd: root
    }
  ]
}

function heddleMissing() {
  return existsSync(heddleBuilt) ? null : 'packages/heddle is not built'
}

function peerMissing(name) {
  return existsSync(join(bench, 'node_modules', name)) ? null : `${name} is not installed in bench/`
}

function pm2Order(wish) {
  const home = join(scratch, `pm2-${wish.port}`)
  mkdirSync(home, { recursive: true })
  const pm2 = join(bench, 'node_modules', 'pm2', 'bin', 'pm2')
  return [
    {
      command: node,
      args: [pm2, 'start', wish.entry, '-i', `${wish.workers}`, '--name', 'bench'],
      env: { ...wish.env, PORT: `${wish.port}`, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' },
      daemon: true
    }
  ]
}

function haproxyConfiguration(port, upstreams) {
  const servers = upstreams.map((upstream, index) => `  server n${index + 1} 127.0.0.1:${upstream}`)
  return `global
  nbthread 2
  maxconn 4096
defaults
  mode http
  option http-keep-alive
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend public
  bind 127.0.0.1:${port}
  default_backend workers
backend workers
  balance leastconn
${servers.join('\n')}
`
}

async function haproxyOrder(wish) {
  const upstreams = await freePorts(wish.workers)
  const file = join(scratch, `haproxy-${wish.port}.cfg`)
  writeFileSync(file, haproxyConfiguration(wish.port, upstreams))
  const workers = upstreams.map(port => ({
    command: node,
    args: [wish.entry],
    env: { ...wish.env, PORT: `${port}` },
    answersOn: port
  }))
  return [...workers, { command: 'haproxy', args: ['-db', '-f', file] }]
}

function peerScript(name) {
  return wish => [
    {
      command: node,
      args: [...(wish.nodeArgs ?? []), join(bench, 'peers', name), wish.entry, `${wish.workers}`],
      env: { ...wish.env, PORT: `${wish.port}` }
    }
  ]
}

/**
 * The contenders by id. `orders` turns a wish into what is to be started, in order; `missing` says why it
 * cannot be started here, or null; `single` marks one that has no workers to choose a number of.
 * @type {Record<string, { title: string, setup: string, single?: boolean, missing: () => string | null,
 *   orders: (wish: Wish) => Order[] | Promise<Order[]> }>}
 */
export const contenders = {
  threads: {
    title: 'bare worker_threads, reusePort',
    setup: 'bench/peers/threads.mjs: `new Worker(entry)` N times, each listens with `reusePort: true`.',
    missing: () => null,
    orders: peerScript('threads.mjs')
  },
  cluster: {
    title: 'node:cluster',
    setup: 'bench/peers/cluster.mjs: `cluster.fork()` N times, default round-robin scheduling.',
    missing: () => null,
    orders: peerScript('cluster.mjs')
  },
  pm2: {
    title: 'PM2 cluster mode',
    setup: '`pm2 start entry -i N` with a PM2_HOME of its own, so that each start includes its daemon.',
    missing: () => peerMissing('pm2'),
    orders: pm2Order
  },
  watt: {
    title: 'Watt',
    setup: '`wattpm start` on bench/peers/watt/watt.json: static workers, log level warn, else its defaults.',
    missing: () => peerMissing('wattpm') ?? peerMissing('@platformatic/node'),
    orders: wish => [
      {
        command: node,
        args: [join(bench, 'node_modules', 'wattpm', 'bin', 'cli.js'), 'start'],
        env: { ...wish.env, PORT: `${wish.port}`, BENCH_ENTRY: wish.entry, BENCH_WORKERS: `${wish.workers}` },
        cwd: join(bench, 'peers', 'watt')
      }
    ]
  },
  haproxy: {
    title: 'HAProxy → node processes',
    setup:
      'One haproxy process, 2 threads, leastconn, keep-alive and shared connections to N node processes, x-forwarded-for, no log.',
    missing: () => (spawnSync('haproxy', ['-v']).error ? 'haproxy is not installed' : null),
    orders: haproxyOrder
  },
  process: {
    title: 'one node process',
    setup: '`node entry`.',
    single: true,
    missing: () => null,
    orders: wish => [{ command: node, args: [wish.entry], env: { ...wish.env, PORT: `${wish.port}` } }]
  },
  'heddle-edge': {
    title: 'Heddle, edge',
    setup: '`heddle start entry --workers N --log-level warn`, from `dist`.',
    missing: heddleMissing,
    orders: wish => heddleOrder(wish, 'edge')
  },
  'heddle-direct': {
    title: 'Heddle, direct',
    setup: 'The same with `--mode direct`.',
    missing: heddleMissing,
    orders: wish => heddleOrder(wish, 'direct')
  }
}
