/** Tests of asking threads where node does not allow it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const source = new URL('../../../src/', import.meta.url)

test('Inquiries.open() finds no way, and does no harm, where the inspector is not permitted', async () => {
  const script = `
    import { Worker } from 'node:worker_threads'
    import { Inquiries } from '${new URL('main/blocked/inquiry.ts', source).href}'
    import { systemClock } from '${new URL('shared/clock.ts', source).href}'
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
    worker.once('online', async () => {
      const lines = await new Inquiries(systemClock).open([worker.threadId])
      console.log(lines.size)
      await worker.terminate()
    })`
  const permissions = ['--permission', '--allow-fs-read=*', '--allow-worker']
  const flags = ['--no-warnings', '--conditions=@heddle/source', '--input-type=module']
  const { stdout } = await run(process.execPath, [...permissions, ...flags, '-e', script])
  assert.equal(stdout.trim(), '0')
})

test('Inquiries.stop() leaves nothing behind that keeps the process alive, whatever is still on its way', async () => {
  const script = `
    import { Worker } from 'node:worker_threads'
    import { Inquiries } from '${new URL('main/blocked/inquiry.ts', source).href}'
    import { systemClock } from '${new URL('shared/clock.ts', source).href}'
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
    worker.once('online', async () => {
      const inquiries = new Inquiries(systemClock)
      // On a busy machine the asking thread may be too late for those who wait for it.
      let line
      while (line === undefined) line = (await inquiries.open([worker.threadId])).get(worker.threadId)
      line.close()
      // The asking thread says that it has let go, while this one cannot hear it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
      inquiries.stop()
      await worker.terminate()
      setImmediate(() => console.log(process.getActiveResourcesInfo().includes('Timeout')))
    })`
  const flags = ['--no-warnings', '--conditions=@heddle/source', '--input-type=module']
  const { stdout } = await run(process.execPath, [...flags, '-e', script])
  assert.equal(stdout.trim(), 'false')
})
