/** How builds are run: in order, side by side, to their end, and with nothing left of them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Output } from '../../src/build/output.ts'
import type { Step } from '../../src/build/plan.ts'
import { runCommand } from '../../src/build/run-command.ts'
import { runSteps } from '../../src/build/run-steps.ts'
import type { StepEnd } from '../../src/build/run-steps.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { settle } from '../shared/held-clock.ts'

function step(name: string, ...after: readonly string[]): Step {
  const command = { text: name, program: name, args: [], isShell: false, env: {} }
  return { name, path: '/', command, after }
}

/** Builds that end when they are told to. */
class PaperBuilds {
  readonly begun: string[] = []
  readonly #ends = new Map<string, (end: StepEnd) => void>()

  readonly run = ({ name }: Step): Promise<StepEnd> => {
    this.begun.push(name)
    return new Promise(resolve => this.#ends.set(name, resolve))
  }

  async end(name: string, reason: string | null = null): Promise<void> {
    this.#ends.get(name)?.({ isDone: reason === null, reason, durationMs: 1 })
    await settle()
  }
}

const open = new AbortController().signal

test('builds begin when all before them are done, as many at a time as may be', async () => {
  const builds = new PaperBuilds()
  const steps = [step('a'), step('b'), step('c'), step('d', 'a', 'b')]
  const outcome = runSteps(steps, { concurrency: 2, run: builds.run, signal: open })
  assert.deepEqual(builds.begun, ['a', 'b'])
  await builds.end('a')
  assert.deepEqual(builds.begun, ['a', 'b', 'c'])
  await builds.end('b')
  assert.deepEqual(builds.begun, ['a', 'b', 'c', 'd'])
  await builds.end('d')
  await builds.end('c')
  assert.deepEqual(await outcome, { done: ['a', 'b', 'd', 'c'], failed: [], notBegun: [] })
})

test('after a failure nothing is begun, and what runs is finished', async () => {
  const builds = new PaperBuilds()
  const steps = [step('a'), step('b'), step('c', 'a'), step('d')]
  const outcome = runSteps(steps, { concurrency: 2, run: builds.run, signal: open })
  await builds.end('a', 'ended with code 1')
  assert.deepEqual(builds.begun, ['a', 'b'])
  await builds.end('b')
  const failed = [{ name: 'a', reason: 'ended with code 1' }]
  assert.deepEqual(await outcome, { done: ['b'], failed, notBegun: ['c', 'd'] })
})

test('nothing is begun after the end was asked for', async () => {
  const builds = new PaperBuilds()
  const ending = new AbortController()
  const outcome = runSteps([step('a'), step('b', 'a')], {
    concurrency: 9,
    run: builds.run,
    signal: ending.signal
  })
  ending.abort()
  await builds.end('a')
  assert.deepEqual(await outcome, { done: ['a'], failed: [], notBegun: ['b'] })
  assert.deepEqual(await runSteps([], { concurrency: 1, run: builds.run, signal: open }), {
    done: [],
    failed: [],
    notBegun: []
  })
})

test('output is cut into lines, and its end is kept', () => {
  const lines: string[] = []
  const output = new Output(line => lines.push(line))
  const euro = Buffer.from('€')
  output.add(Buffer.concat([Buffer.from('one\r\ntwo '), euro.subarray(0, 1)]))
  output.add(Buffer.concat([euro.subarray(1), Buffer.from('\nthree')]))
  output.end()
  assert.deepEqual(lines, ['one', 'two €', 'three'])
  assert.equal(output.text, 'one\r\ntwo €\nthree')
  const long = new Output()
  for (let at = 0; at < 100; at += 1) long.add(Buffer.from('x'.repeat(10_000)))
  long.add(Buffer.from('the error'))
  assert.match(long.text, /^\[\d+ characters before this\]\n/)
  assert.ok(long.text.endsWith('the error') && long.text.length < 600_000)
})

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'heddle-build-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

interface Ended extends StepEnd {
  readonly output: string
}

interface Limits {
  readonly signal?: AbortSignal
  readonly hurry?: AbortSignal
  readonly path: string
  readonly onOutput?: () => void
}

async function runShell(
  program: string,
  { path, signal = open, hurry = open, onOutput }: Limits
): Promise<Ended> {
  const command = { text: program, program, args: [], isShell: true, env: { ...process.env, GIVEN: 'yes' } }
  let output = ''
  const end = await runCommand(
    { name: 'x', path, command, after: [] },
    {
      clock: systemClock,
      signal,
      hurry,
      onOutput(chunk) {
        output += chunk.toString()
        onOutput?.()
      }
    }
  )
  return { ...end, output }
}

test('a build runs in its directory with its environment, without input, and its code is its outcome', async t => {
  const path = directory(t)
  const good = await runShell('pwd; echo $GIVEN; cat; echo late >&2', { path })
  assert.deepEqual([good.isDone, good.reason], [true, null])
  assert.match(good.output, /heddle-build-\w+\nyes\nlate\n$/)
  const bad = await runShell('exit 3', { path })
  assert.deepEqual([bad.isDone, bad.reason], [false, 'ended with code 3'])
  const killed = await runShell('kill -9 $$', { path })
  assert.equal(killed.reason, 'was ended by SIGKILL')
  const lost = await runShell('true', { path: join(path, 'nowhere') })
  assert.match(lost.reason ?? '', /could not be begun: there is no directory .*nowhere$/)
  const step = {
    name: 'x',
    path,
    after: [],
    command: { text: '', program: 'no-such-program', args: [], isShell: false, env: {} }
  }
  const context = { clock: systemClock, signal: open, hurry: open, onOutput: () => {} }
  assert.equal(
    (await runCommand(step, context)).reason,
    'could not be begun: there is no program no-such-program'
  )
})

/** A socket on which processes are heard of: each that runs holds a connection. */
async function roll(t: TestContext): Promise<{ call: string; next: () => Promise<Socket> }> {
  const server = createServer()
  const path = join(directory(t), 'roll.sock')
  await once(server.listen(path), 'listening')
  t.after(() => server.close())
  const script = `const s=require('node:net').connect(process.argv[1]);s.on('error',()=>process.exit());process.on('SIGTERM',()=>process.argv[2]==='stubborn'||process.exit());s.on('close',()=>process.exit());console.log('here')`
  return {
    call: `'${process.execPath}' -e "${script}" '${path}'`,
    async next() {
      const [socket] = (await once(server, 'connection')) as [Socket]
      return socket
    }
  }
}

async function gone(socket: Socket): Promise<void> {
  socket.resume()
  socket.on('error', () => {})
  if (!socket.closed) await once(socket, 'close')
}

test('nothing that a build has left running outlives it, nor holds its output open', async t => {
  const { call, next } = await roll(t)
  const arrived = next()
  const path = directory(t)
  const ended = runShell(`${call} & while test ! -f go; do sleep 0.05; done; echo done`, { path })
  const socket = await arrived
  writeFileSync(join(path, 'go'), '')
  const { isDone, output } = await ended
  assert.equal(isDone, true)
  assert.match(output, /done\n/)
  await gone(socket)
})

test('all processes of a build are ended with it, also those that do not want to', async t => {
  const { call, next } = await roll(t)
  const ending = new AbortController()
  const arrived = next()
  const ended = runShell(`sh -c "exec ${call.replaceAll('"', String.raw`\"`)}; true"`, {
    path: directory(t),
    signal: ending.signal
  })
  const socket = await arrived
  ending.abort()
  assert.deepEqual([(await ended).isDone, (await ended).reason], [false, 'was ended'])
  await gone(socket)
  const [again, hurry] = [new AbortController(), new AbortController()]
  const stubborn = next()
  const late = runShell(`trap '' TERM; ${call} stubborn; true`, {
    path: directory(t),
    signal: again.signal,
    hurry: hurry.signal
  })
  const second = await stubborn
  again.abort()
  hurry.abort()
  assert.equal((await late).isDone, false)
  await gone(second)
})
