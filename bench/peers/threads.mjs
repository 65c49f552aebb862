/**
 * The bare contender: worker threads that run the entry and listen on one port with SO_REUSEPORT.
 *
 * Runs in the main thread of its own process: `node threads.mjs <entry> <workers>`. No supervision, no
 * health, no logs: this is the floor everything else is compared with.
 */
import { Worker } from 'node:worker_threads'

const [entry, workers] = process.argv.slice(2)
const env = { ...process.env, REUSE_PORT: '1' }

Array.from({ length: Number(workers) }, () => new Worker(entry, { env }))
