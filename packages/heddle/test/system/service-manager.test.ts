/** A server under a service manager: a process of its own, and a real datagram socket that plays systemd. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { bindDatagrams } from '../main/notify/datagram-socket.ts'
import type { DatagramSocket } from '../main/notify/datagram-socket.ts'
import { runHeddleUnder } from './heddle-process.ts'
import type { HeddleProcess } from './heddle-process.ts'
import { answering, createProject } from './project.ts'
import type { Project } from './project.ts'

let started = 0

interface Service extends HeddleProcess {
  readonly project: Project
  readonly socket: DatagramSocket
}

const config = `export default {
  applications: { web: { path: '.', entry: 'web.mjs', workers: 2 } },
  server: { port: 0 }, admin: { port: 0 }, gracefulShutdown: { timeout: 5000 }
}`

function startService(t: TestContext, watchdogUsec: number | null = null): Service {
  const project = createProject(t, {
    'heddle.config.mjs': config,
    'web.mjs': `${answering('one')}; console.log(JSON.stringify({ msg: 'names ' +
      Object.keys(process.env).filter(name => /NOTIFY|WATCHDOG/.test(name)).length }))`
  })
  const path = `@heddle-service-${process.pid}-${started++}`
  const socket = bindDatagrams(t, path)
  const watchdog = watchdogUsec === null ? {} : { WATCHDOG_USEC: String(watchdogUsec) }
  const env = { NOTIFY_SOCKET: path, ...watchdog }
  const heddle = runHeddleUnder(t, { cwd: project.root, env }, 'start')
  return { ...heddle, project, socket }
}

test('a service says when it is ready, reloads and stops, and that it turns; applications cannot speak for it', async t => {
  const { child, socket, project, line, exited } = startService(t, 200_000)
  const ready = await socket.next('READY=1')
  assert.match(
    ready,
    new RegExp(`\nMAINPID=${child.pid}\nSTATUS=Serving at http://.*: \\d of 2 workers ready\\.$`)
  )
  assert.match(socket.messages[0] ?? '', /^STATUS=Starting: 0 of \d workers? ready\.$/)
  await line('names 0')
  await socket.next('WATCHDOG=1')
  await socket.next('WATCHDOG=1')
  child.kill('SIGHUP')
  assert.match(await socket.next('RELOADING=1'), /\nMONOTONIC_USEC=\d+\n/)
  assert.match(await socket.next('READY=1'), / of 2 workers ready/)
  project.write({ 'heddle.config.mjs': 'export default { applications: 3 }' })
  child.kill('SIGHUP')
  await socket.next('RELOADING=1')
  await socket.next('READY=1')
  child.kill('SIGTERM')
  assert.match(await socket.next('STOPPING=1'), /\nEXTEND_TIMEOUT_USEC=\d{7,}\n/)
  assert.deepEqual(await exited, { code: 0, signal: null })
})
