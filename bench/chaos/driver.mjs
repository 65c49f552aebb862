/**
 * The load of `bench/chaos`: a crowd of clients against one port of 127.0.0.1, and the book of what became of
 * every request.
 *
 * A process of its own, so that nothing it watches can delay it; forked and told what to do over IPC: `start`
 * with the port and the size of the crowd, `phase` with a name, `stop`. It answers `started` and, after the
 * last request has its verdict, `report`. It ends with its parent.
 */
import { freshClient, keepAliveClient, streamClient, uploadClient } from './clients/clients.mjs'
import { longSocketClient, socketClient } from './clients/socket-client.mjs'
import { Ledger } from './ledger.mjs'

const kinds = {
  keepAlive: keepAliveClient,
  fresh: freshClient,
  uploads: uploadClient,
  streams: streamClient,
  sockets: socketClient,
  longSockets: longSocketClient
}
const letters = { get: 'g', post: 'p', upload: 'u', stream: 's', socket: 'w' }

// mulberry32: the same load each time, whatever the machine.
function createChance(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

let isOn = true
let ledger = null
let crowd = []

function start({ port, load, timeoutMs, seed }) {
  ledger = new Ledger(() => performance.now())
  ledger.enter('warm-up')
  let count = 0
  const shared = {
    port,
    ledger,
    timeoutMs,
    isOn: () => isOn,
    nextId: type => `${letters[type]}${++count}`,
    chance: createChance(seed)
  }
  crowd = Object.entries(load).flatMap(([kind, size]) =>
    Array.from({ length: size }, () => kinds[kind](shared))
  )
  process.send({ type: 'started' })
}

async function stop() {
  isOn = false
  // Nobody asks any more: the silence until the last stream has ended belongs to no event.
  ledger.enter('end')
  await Promise.all(crowd)
  process.send({ type: 'report', report: ledger.report() }, () => process.disconnect())
}

process.on('message', message => {
  if (message.type === 'start') start(message)
  else if (message.type === 'phase') ledger.enter(message.name)
  else if (message.type === 'stop') void stop()
})
process.on('disconnect', () => process.exit())
