/** Tests of signals in processes of their own: exit codes, impatience, and threads that cannot be ended. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

const fixture = new URL('fixtures/server.ts', import.meta.url).pathname

interface Running {
  readonly child: ChildProcess
  readonly lines: { readonly msg: string; readonly [key: string]: unknown }[]
  readonly exited: Promise<unknown[]>
  /** Resolves when a line with that message was or is written. */
  readonly said: (message: string) => Promise<void>
}

function start(t: TestContext, settings: object): Running {
  const child = spawn(process.execPath, ['--conditions=@heddle/source', fixture], {
    // An input that says nothing and does not end.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, SERVER: JSON.stringify(settings) }
  })
  t.after(() => child.kill('SIGKILL'))
  const lines: Running['lines'] = []
  assert.ok(child.stdout)
  const reader = createInterface(child.stdout)
  reader.on('line', line => lines.push(JSON.parse(line)))
  const said = async (message: string): Promise<void> => {
    while (!lines.some(({ msg }) => msg === message)) await once(reader, 'line')
  }
  return { child, lines, exited: once(child, 'close'), said }
}

/** Sends a signal until the process has ended: what comes within a moment of the first one is the same wish. */
function insist(t: TestContext, child: ChildProcess, signal: NodeJS.Signals): void {
  const again = setInterval(() => child.kill(signal), 100)
  t.after(() => clearInterval(again))
}

/** A thread that is to get stuck may be ended on its way there: then nothing was tried, and it is tried again. */
async function untilStuck(play: () => Promise<Running>): Promise<Running & { readonly outcome: unknown[] }> {
  for (let i = 0; ; i++) {
    // oxlint-disable-next-line no-await-in-loop -- Again only when it was missed.
    const running = await play()
    // oxlint-disable-next-line no-await-in-loop -- As above.
    const outcome = await running.exited
    if (outcome[1] !== null || i === 4) return { ...running, outcome }
  }
}

test('SIGTERM stops the server and ends the process with code 0', async t => {
  const { child, lines, exited, said } = start(t, {})
  await said('Server has started.')
  child.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
  assert.ok(lines.some(({ msg, reason }) => msg === 'Server stops.' && reason === 'received SIGTERM'))
  assert.equal(lines.at(-1)?.msg, 'Server has stopped.')
})

test('A signal that comes twice at once is one wish, a later one is impatience', async t => {
  const { child, lines, exited, said } = start(t, { gracefulShutdown: { drainDelay: 600_000 } })
  await said('Server has started.')
  // Both at once: however late they are taken, they are taken together.
  child.kill('SIGINT')
  child.kill('SIGTERM')
  await said('Server stops.')
  await assert.rejects(once(child, 'exit', { signal: AbortSignal.timeout(500) }))
  const isHurried = (): boolean => lines.some(({ msg }) => msg.startsWith('Server stops at once'))
  assert.equal(isHurried(), false)
  insist(t, child, 'SIGINT')
  assert.deepEqual(await exited, [0, null])
  const stops = lines.filter(({ msg }) => msg === 'Server stops.')
  assert.equal(stops.length, 1)
  assert.match(String(stops[0]?.['reason']), /^received SIG(INT|TERM)$/)
  assert.equal(isHurried(), true)
})

test('Where the second signal forces, it ends the process at once', async t => {
  const settings = { gracefulShutdown: { drainDelay: 600_000 }, forces: true }
  const { child, lines, exited, said } = start(t, settings)
  await said('Server has started.')
  child.kill('SIGINT')
  await said('Server stops.')
  insist(t, child, 'SIGINT')
  assert.deepEqual(await exited, [130, null])
  assert.notEqual(lines.at(-1)?.msg, 'Server has stopped.')
})

test('An error in the main thread that nobody caught stops the server and the code is 1', async t => {
  const { lines, exited } = start(t, { uncaughtAfterMs: 10 })
  assert.deepEqual(await exited, [1, null])
  assert.ok(lines.some(({ msg }) => msg === 'An error in the main thread was not caught.'))
  assert.equal(lines.at(-1)?.msg, 'Server has stopped.')
})

test('A worker stuck in native code does not keep the process beyond its deadline', async t => {
  const settings = { env: { STOP: 'native' }, gracefulShutdown: { timeout: 2000 } }
  const { outcome, lines } = await untilStuck(async () => {
    const running = start(t, settings)
    await running.said('Server has started.')
    running.child.kill('SIGTERM')
    return running
  })
  assert.deepEqual(outcome, [null, 'SIGKILL'])
  assert.partialDeepStrictEqual(lines.at(-1), { level: 'error', threads: ['api:0'] })
})

test('A second signal does not wait for a worker stuck in native code', async t => {
  const settings = { env: { STOP: 'native' }, gracefulShutdown: { timeout: 600_000 } }
  const { outcome } = await untilStuck(async () => {
    const running = start(t, settings)
    await running.said('Server has started.')
    running.child.kill('SIGTERM')
    await running.said('Blocked in native code.')
    insist(t, running.child, 'SIGTERM')
    return running
  })
  assert.deepEqual(outcome, [null, 'SIGKILL'])
})

test('A worker that ignores its stop is ended at the deadline, and the code is 0', async t => {
  const { child, exited, said } = start(t, { env: { STOP: 'never' }, gracefulShutdown: { timeout: 3000 } })
  await said('Server has started.')
  child.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
})

test('An application stuck in native code while it starts does not keep the process', async t => {
  const settings = { env: { MODE: 'native' }, gracefulShutdown: { timeout: 1000 } }
  const { outcome } = await untilStuck(async () => {
    const running = start(t, settings)
    await running.said('Blocked in native code.')
    running.child.kill('SIGTERM')
    return running
  })
  assert.deepEqual(outcome, [null, 'SIGKILL'])
})

test('An application that cannot start ends the process with the code of the caller', async t => {
  const { lines, exited } = start(t, { env: { MODE: 'fail' } })
  assert.deepEqual(await exited, [70, null])
  assert.equal(lines.at(-1)?.msg, 'The server could not start.')
})
