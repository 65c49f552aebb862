/**
 * The `node:cluster` contender with its default scheduling: the primary accepts, workers answer in turn.
 *
 * Runs in the primary process: `node cluster.mjs <entry> <workers>`.
 */
import cluster from 'node:cluster'

const [entry, workers] = process.argv.slice(2)

cluster.setupPrimary({ exec: entry })
for (let index = 0; index < Number(workers); index++) cluster.fork()
