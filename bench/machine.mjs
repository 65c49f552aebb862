/**
 * The facts without which a figure means nothing: machine, versions, date, as they are when a run begins.
 *
 * Runs in the process of `run.mjs`. It names no host, no user and no path.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'

import { bench, node, root } from './place.mjs'

function firstLine(command, args) {
  try {
    const stdio = ['ignore', 'pipe', 'ignore']
    return execFileSync(command, args, { encoding: 'utf8', stdio, cwd: root }).split('\n')[0].trim()
  } catch (error) {
    // wrk answers `-v` with its usage and a failure; what it printed is what is wanted.
    return error.stdout?.split('\n')[0].trim() || null
  }
}

function packageVersion(directory) {
  const file = join(directory, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null
}

/** Machine, versions and date of a run that begins now. */
export function machineFacts() {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    loadBefore: loadavg()[0],
    commit: firstLine('git', ['rev-parse', '--short', 'HEAD']),
    versions: {
      node: firstLine(node, ['--version'])?.replace(/^v/, '') ?? null,
      heddle: packageVersion(join(root, 'packages', 'heddle')),
      pm2: packageVersion(join(bench, 'node_modules', 'pm2')),
      wattpm: packageVersion(join(bench, 'node_modules', 'wattpm')),
      '@platformatic/node': packageVersion(join(bench, 'node_modules', '@platformatic', 'node')),
      undici: packageVersion(join(bench, 'node_modules', 'undici')),
      'undici-thread-interceptor': packageVersion(join(bench, 'node_modules', 'undici-thread-interceptor')),
      haproxy: /version (\S+)/.exec(firstLine('haproxy', ['-v']) ?? '')?.[1] ?? null,
      wrk: /wrk (\S+)/.exec(firstLine('wrk', ['-v']) ?? '')?.[1] ?? null
    }
  }
}
