/**
 * A server in a real control group with a memory limit, whose application keeps what it should let go: without the guard
 * the kernel kills it, with it every request is answered. Where no control group can be made, which takes root and a
 * writable hierarchy, the same server has to answer all of it without one.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { createProject } from '../../packages/heddle/test/system/project.ts'

const bin = join(import.meta.dirname, '../../packages/heddle/bin/heddle.js')
const megabyte = 1024 ** 2
const limitBytes = 300 * megabyte

/** Milliseconds between two requests, each of which costs the server a megabyte. */
const paceMs = 40

/** A control group with the limit; `null` where none can be made. */
function makeGroup(t: TestContext): string | null {
  const isFirst = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')
  const top = isFirst ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup'
  const group = join(top, `heddle-test-${process.pid}`)
  try {
    if (!isFirst) writeFileSync(join(top, 'cgroup.subtree_control'), '+memory')
    mkdirSync(group)
    t.after(() => rmdirSync(group))
    writeFileSync(join(group, isFirst ? 'memory.limit_in_bytes' : 'memory.max'), String(limitBytes))
    // What is swapped out is not counted, and would put the end off.
    if (!isFirst) writeFileSync(join(group, 'memory.swap.max'), '0')
    return group
  } catch (error) {
    t.diagnostic(`No control group can be made here: ${String(error)}`)
    return null
  }
}

interface Confined {
  readonly url: string
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  /** How often a worker was replaced for want of memory. */
  readonly replaced: () => number
}

/** Starts a server that keeps a megabyte of each request, in a group where there is one. */
async function startHoard(t: TestContext, group: string | null, maxMemory: number): Promise<Confined> {
  const project = createProject(t, {
    'heddle.json': JSON.stringify({
      applications: { hoard: { path: 'hoard', workers: 2 } },
      recycle: { maxMemory },
      server: { port: 0 },
      admin: { enabled: false }
    }),
    'hoard/index.js': `
      const kept = []
      require('node:http').createServer((request, response) => {
        kept.push(Buffer.alloc(${megabyte}, 1))
        setTimeout(() => response.end('ok'), 20)
      }).listen(3000)`
  })
  const start = [process.execPath, '--conditions=@heddle/source', bin, 'start']
  const inGroup = ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group ?? '', ...start]
  const [command = '', ...argv] = group === null ? start : inGroup
  const child = spawn(command, argv, {
    cwd: project.root,
    env: { ...process.env, XDG_RUNTIME_DIR: project.root },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const exited = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  let replaced = 0
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', line => {
      const entry: { msg?: string; url?: string; reason?: string } = JSON.parse(line)
      if (entry.msg === 'Server has started.') resolve(entry.url ?? '')
      if (entry.msg?.startsWith('Worker was replaced;') === true && entry.reason === 'memory') replaced++
    })
    void exited.then(() => reject(new Error('The server did not start.')))
  })
  return { url, child, exited, replaced: () => replaced }
}

/** Asks without waiting for answers, GET and POST in turn, until so much was asked or the server is gone. */
async function askAll({ url, child }: Confined, requests: number): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true })
  const asked: Promise<string>[] = []
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const isOver = asked.length === requests || child.exitCode !== null || child.signalCode !== null
      if (!isOver) {
        asked.push(ask(url, agent, asked.length % 2 === 0 ? 'GET' : 'POST'))
        return
      }
      clearInterval(timer)
      resolve()
    }, paceMs)
  })
  const answers = await Promise.all(asked)
  agent.destroy()
  return answers
}

function ask(url: string, agent: Agent, method: string): Promise<string> {
  return new Promise(resolve => {
    const outgoing = request(url, { agent, method }, response => {
      response.resume().on('end', () => resolve(`${response.statusCode}`))
    })
    outgoing.on('error', error => resolve(error.message)).end()
  })
}

interface Outcome {
  readonly answers: readonly string[]
  readonly signal: NodeJS.Signals | null
  readonly replaced: number
}

/** Has the server lose so many megabytes, and stops it. */
async function hoard(
  t: TestContext,
  { group, maxMemory }: { readonly group: string | null; readonly maxMemory: number }
): Promise<Outcome> {
  const confined = await startHoard(t, group, maxMemory)
  const answers = await askAll(confined, group === null ? 50 : (2 * limitBytes) / megabyte)
  confined.child.kill('SIGTERM')
  await confined.exited
  return { answers, signal: confined.child.signalCode, replaced: confined.replaced() }
}

/** How often the kernel has killed somebody in the group. */
function kills(group: string): number {
  const file = ['memory.oom_control', 'memory.events']
    .map(name => join(group, name))
    .find(path => existsSync(path))
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file ?? '', 'utf8'))?.[1])
}

test('A server that loses more memory than its container has answers every request', async t => {
  const group = makeGroup(t)
  const { answers, signal, replaced } = await hoard(t, { group, maxMemory: 0.9 })
  assert.deepEqual([...new Set(answers)], ['200'])
  assert.equal(signal, null)
  if (group === null) return
  assert.equal(answers.length, (2 * limitBytes) / megabyte)
  assert.ok(replaced >= 2, `${replaced} replaced`)
  assert.equal(kills(group), 0)
})

test('The same server without its guard is killed', async t => {
  const group = makeGroup(t)
  const { signal, replaced } = await hoard(t, { group, maxMemory: 0 })
  assert.equal(replaced, 0)
  assert.equal(signal, group === null ? null : 'SIGKILL')
  if (group !== null) assert.equal(kills(group), 1)
})
