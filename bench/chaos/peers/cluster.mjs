/**
 * `node:cluster` with the restart that is usual there: a fresh worker listens, then an old one is told to
 * finish, one after the other; a worker that dies is replaced at once.
 *
 * Runs in the primary process: `node cluster.mjs <entry> <workers>`. SIGUSR2 and SIGHUP restart all workers.
 */

// oxlint-disable no-await-in-loop -- one worker after the other is what rolling means.

import cluster from 'node:cluster'
import { once } from 'node:events'

const [entry, workers] = process.argv.slice(2)
const mercyMs = 10_000
const leaving = new Set()
let rolling = Promise.resolve()

cluster.setupPrimary({ exec: entry, execArgv: ['--max-old-space-size=256'] })
for (let index = 0; index < Number(workers); index++) cluster.fork()
cluster.on('exit', worker => {
  if (!leaving.delete(worker.id)) cluster.fork()
})

async function roll() {
  for (const worker of Object.values(cluster.workers)) {
    const fresh = cluster.fork()
    await once(fresh, 'listening')
    if (worker.isDead()) continue
    leaving.add(worker.id)
    worker.send('shutdown')
    const late = setTimeout(() => worker.process.kill('SIGKILL'), mercyMs)
    await once(worker, 'exit')
    clearTimeout(late)
  }
  process.stdout.write('restarted\n')
}

for (const signal of ['SIGUSR2', 'SIGHUP']) {
  process.on(signal, () => {
    rolling = rolling.then(roll)
  })
}
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL')
    process.exit(0)
  })
}
