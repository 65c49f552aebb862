/** Starts one worker with the application and the log style given as arguments, and stops it once it is ready. */
import { Worker } from 'node:worker_threads'

import { Registry } from '@heddle/mesh'

import type { FromWorker } from '../../src/channel/messages.ts'
import { createVitals } from '../../src/channel/vitals.ts'

const [entry = '', format = 'json'] = process.argv.slice(2)
const registry = new Registry({ domain: '.heddle.local' })
const { ticket, transferList } = registry.admit({ name: 'shop:1', hostname: 'shop' })
const worker = new Worker(new URL('../../src/worker/boot.ts', import.meta.url), {
  workerData: {
    application: 'shop',
    slot: 1,
    name: 'shop:1',
    workers: 1,
    path: '/',
    entry,
    preload: [],
    meshDomain: '.heddle.local',
    ticket,
    logger: { level: 'info', format, colour: false },
    listen: null,
    publicUrl: null,
    vitals: createVitals(),
    checks: { intervalMs: 60_000, timeoutMs: 5000, path: null }
  },
  transferList: [...transferList]
})
worker.on('message', (message: FromWorker) => {
  if (message.type === 'ready') worker.postMessage({ type: 'stop', timeoutMs: 60_000 })
  if (message.type === 'stopped') void worker.terminate()
})
worker.on('exit', () => registry.close())
