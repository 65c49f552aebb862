/** A directory with a command `heddle` and a server on paper, in which shells complete what is typed. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'

import { report, worker } from '../../main/admin/example-report.ts'
import { startPaperServer } from '../paper-server.ts'
import type { PaperServer } from '../paper-server.ts'
import { command } from '../run-command.ts'

/** A server called `shop` with the applications `api`, of two workers, and `mail`. */
export async function startForCompletion(t: TestContext): Promise<PaperServer> {
  const workers = [0, 1].map(slot => Object.assign({}, worker, { slot, name: `api:${slot}` }))
  const applications = report.applications.flatMap(application => [
    Object.assign({}, application, { workers }),
    Object.assign({}, application, { id: 'mail', workers: [] })
  ])
  const server = await startPaperServer(t, {
    answers: { 'GET /status': () => Object.assign({}, report, { applications }) }
  })
  const bin = installCommand(server.root)
  return { ...server, env: { ...server.env, PATH: `${bin}${delimiter}${process.env['PATH']}` } }
}

/** Makes a directory with the command `heddle` in it, and returns its path. */
export function installCommand(root: string): string {
  const bin = join(root, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'heddle'), `#!/bin/sh\nexec ${command.map(word => `'${word}'`).join(' ')} "$@"\n`)
  chmodSync(join(bin, 'heddle'), 0o755)
  return bin
}
