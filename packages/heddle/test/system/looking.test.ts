/** The commands that look at a server and into its workers, with a real one. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import type { Ended } from './heddle-process.ts'
import { createProject } from './project.ts'
import type { Project } from './project.ts'

const files = {
  'heddle.json': JSON.stringify({
    applications: { api: { path: 'api', workers: 2 }, mail: { path: 'mail', workers: 1 } },
    entrypoint: 'api',
    server: { port: 0 },
    admin: { enabled: false }
  }),
  'api/index.js': `
    module.exports = (request, response) => {
      if (request.url === '/say') console.log('it was said')
      if (request.url === '/whisper') console.debug('it was whispered')
      if (request.url === '/crash') {
        console.error('the last words')
        process.exit(3)
      }
      if (request.url === '/missing') response.statusCode = 404
      request.pipe(response)
    }`,
  'mail/index.js': 'module.exports = (request, response) => response.end("mail")'
}

test('a server is looked at from outside', async t => {
  const project = createProject(t, files)
  await project.start()
  await t.test('what a worker does', () => lookIntoWorker(project))
  await t.test('what the server does', () => lookAtServer(project))
})

async function lookAtServer(project: Project): Promise<void> {
  const heddle = (...argv: readonly string[]): Promise<Ended> => project.heddle(...argv)
  const ok = async (...argv: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await heddle(...argv)
    assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`)
    return stdout
  }

  assert.equal(await ok('inject', 'api', '/echo', '-d', 'hello'), 'hello')
  assert.match(await ok('inject', 'mail', '/', '-i'), /^HTTP\/1\.1 200 OK\n[^]*\n\nmail$/)
  assert.equal((await heddle('inject', 'api', '/missing', '-f')).code, 22)
  await project.shows(/^api +listener +running +2\/2\nmail +listener +running +1\/1\n$/m, 'apps', 'list')
  await project.shows(new RegExp(`running .* 3/3 .*${project.root}\\n$`), 'ps', '--all')
  assert.match(await ok('metrics', '--application', 'api'), /^heddle_\w+\{.*application="api"/m)
  assert.match(await ok('config', '--diff'), /^✔ The configuration is the one in force/)

  await ok('inject', 'api', '/say', '--worker', '1')
  assert.match(await ok('logs', 'api:1'), /info {2}api:1 it was said$/m)
  await ok('inject', 'api', '/whisper', '--worker', '1')
  assert.doesNotMatch(await ok('logs', 'api'), /whispered/)
  await ok('level', 'api', 'debug')
  await ok('inject', 'api', '/whisper', '--worker', '1')
  assert.match(await ok('logs', 'api', '--level', 'debug'), /debug api:1 it was whispered$/m)

  // It takes the request with it; what it said before is still there.
  await heddle('inject', 'api', '/crash', '--worker', '0')
  assert.match(await ok('logs', 'api:0', '--json'), /"message":"the last words"/)
  // The main thread hears of the end of another one when it does, not before who has asked for it.
  await project.shows(
    /worker:exited api:0 reason=exited code=3/,
    'events',
    'worker:exited',
    '--worker',
    'api:0'
  )
  await project.shows(
    /^ {2}api:0 .* its last thread: ProcessExit: The application called process\.exit\(3\)$/m,
    'ps'
  )
}

async function lookIntoWorker(project: Project): Promise<void> {
  const { root } = project
  const heddle = (...argv: readonly string[]): Promise<Ended> => project.heddle(...argv)
  assert.equal((await heddle('drain', 'api:1')).code, 0)
  assert.match((await heddle('ps')).stdout, /^ {2}api:1 +kept out/m)
  const profile = await heddle('profile', 'cpu', 'api:1', '--seconds', '0.2', '-o', 'api.cpuprofile')
  assert.match(profile.stdout, /^✔ api\.cpuprofile /)
  const { nodes } = JSON.parse(readFileSync(join(root, 'api.cpuprofile'), 'utf8')) as {
    nodes: readonly unknown[]
  }
  assert.ok(nodes.length > 0)
  const heap = await heddle('heap', 'api:1', '-o', 'api.heapsnapshot')
  assert.equal(heap.code, 0, heap.stderr)
  assert.match(readFileSync(join(root, 'api.heapsnapshot'), 'latin1').slice(0, 100), /^\{"snapshot":/)
  assert.equal((await heddle('ready', 'api:1')).code, 0)
  assert.equal((await heddle('restart', 'api:1')).stdout, '✔ api:1 is fresh.\n')
  await project.shows(/^ {2}api:1 +ready .* 1 /m, 'ps')
  assert.equal((await heddle('drain', 'api:7')).code, 2)
}
