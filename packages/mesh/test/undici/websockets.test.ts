/** WebSockets through the dispatcher: those of undici 7 and 8, and the one of node, whichever it has inside. */
import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { once } from 'node:events'
import { before, test } from 'node:test'

import { WebSocket as UndiciWebSocket } from 'undici'
import { WebSocket as Undici7WebSocket } from 'undici7'

import { Fleet } from '../fixtures/fleet.ts'
import { same, start, type Both, type Side } from './both-sides.ts'
import { undoing } from './undoing.ts'

let both: Both
let global: Pick<Side, 'origin' | 'call'>
const undo = undoing()

before(async () => {
  both = await start(undo, '../undici/upgrading.ts')
  const fleet = new Fleet(undo, { domain: '.global.local' })
  fleet.join().mesh.installGlobals()
  const hand = await fleet.start('app', '../undici/upgrading.ts')
  global = { origin: 'http://app.global.local', call: (name, ...args) => hand.call(name, ...args) }
})

type Socket = globalThis.WebSocket

function undici(side: Side, path: string, protocols: string[] = []): Socket {
  const url = `${side.origin.replace('http', 'ws')}${path}`
  const options = { protocols, dispatcher: side.dispatcher }
  return new UndiciWebSocket(url, options) as unknown as Socket
}

function undici7(side: Side, path: string, protocols: string[] = []): Socket {
  const url = `${side.origin.replace('http', 'ws')}${path}`
  const options = { protocols, dispatcher: side.dispatcher7 }
  return new Undici7WebSocket(url, options as object) as unknown as Socket
}

/** node's own: over the mesh by its global dispatcher, over the socket as it is. */
function ofNode(side: Side, path: string, protocols: string[] = []): Socket {
  const origin = side.name === 'the mesh' ? global.origin : side.origin
  return new WebSocket(`${origin.replace('http', 'ws')}${path}`, protocols)
}

function appOf(make: typeof undici, side: Side): Pick<Side, 'call'> {
  return make === ofNode && side.name === 'the mesh' ? global : side
}

/** Everything a WebSocket tells, up to its close. `speak` is called for each message, and when it opens. */
function talk(socket: Socket, speak: (event: string, data: unknown) => void): Promise<unknown[]> {
  const seen: unknown[] = []
  socket.binaryType = 'arraybuffer'
  return new Promise(resolve => {
    socket.addEventListener('open', () => {
      seen.push(['open', socket.protocol, socket.extensions])
      speak('open', null)
    })
    socket.addEventListener('message', ({ data }: MessageEvent) => {
      const shown: unknown = typeof data === 'string' ? data : [...new Uint8Array(data as ArrayBuffer)]
      seen.push(['message', shown])
      speak('message', shown)
    })
    socket.addEventListener('error', () => seen.push(['error']))
    socket.addEventListener('close', ({ code, reason, wasClean }) => {
      seen.push(['close', code, reason, wasClean])
      resolve(seen)
    })
  })
}

function greet(socket: Socket): Promise<unknown> {
  return talk(socket, event => event === 'message' && socket.close())
}

for (const [name, make] of [
  ["undici's WebSocket", undici],
  ['the WebSocket of undici 7', undici7],
  ['the WebSocket of node', ofNode]
] as const) {
  same(
    `${name} talks in text and bytes, compressed, with its protocol`,
    () => both,
    side => {
      const socket = make(side, '/', ['first', 'second'])
      let answers = 0
      return talk(socket, event => {
        if (event === 'open') {
          socket.send('grün '.repeat(10))
          socket.send(new Uint8Array([0, 1, 255]))
          socket.send(new Blob(['blob']))
        } else if (++answers === 3) socket.close(3456, 'enough')
      })
    }
  )

  same(
    `${name} is told the code and reason of the application's close`,
    () => both,
    side => {
      const socket = make(side, '/greet')
      return talk(socket, event => event === 'message' && socket.send('close'))
    }
  )

  same(
    `${name} is told that the application has destroyed the connection`,
    () => both,
    side => {
      const socket = make(side, '/')
      return talk(socket, event => event === 'open' && socket.send('terminate'))
    }
  )

  same(
    `${name} answers a ping`,
    () => both,
    async side => {
      const app = appOf(make, side)
      await app.call('forget')
      const socket = make(side, '/')
      const told = talk(socket, event => event === 'open' && socket.send('ping'))
      await app.call('happened', 'pong')
      socket.close(1000)
      return { told: await told, seen: await app.call('happened', 'socket closed') }
    }
  )

  for (const path of ['/refuse', '/refuse-chunked', '/destroy']) {
    same(
      `${name} fails at ${path}`,
      () => both,
      async side => {
        // The one of Node 22 tells no more than this.
        const [event] = (await once(make(side, path), 'error')) as [Event]
        return event.type
      }
    )
  }

  same(
    `${name} carries messages of many windows`,
    () => both,
    side => {
      const socket = make(side, '/')
      const bytes = new Uint8Array(3 * 1024 * 1024)
      for (let i = 0; i < bytes.length; i += 1000) bytes[i] = i & 0xff
      return new Promise(resolve => {
        socket.binaryType = 'arraybuffer'
        socket.addEventListener('open', () => socket.send(bytes))
        socket.addEventListener('message', ({ data }: MessageEvent) => {
          socket.close()
          const back = Buffer.from(data as ArrayBuffer)
          resolve(back.equals(bytes))
        })
      })
    }
  )

  same(
    `${name} closes when the application goes away`,
    () => both,
    async side => {
      const socket = make(side, '/greet')
      const app = appOf(make, side)
      const seen = await talk(socket, event => event === 'message' && void app.call('closeAll'))
      return seen
    }
  )
}

for (const [name, make] of [
  ["undici's WebSocket", undici],
  ['the WebSocket of node', ofNode]
] as const) {
  test(`${name} goes the short way: undici opens no connection for it`, async t => {
    const opened: unknown[] = []
    const listener = (message: unknown): void => void opened.push(message)
    diagnosticsChannel.subscribe('undici:client:beforeConnect', listener)
    t.after(() => diagnosticsChannel.unsubscribe('undici:client:beforeConnect', listener))
    await greet(make(both.mesh, '/greet'))
    assert.equal(opened.length, 0)
    await greet(make(both.socket, '/greet'))
    assert.equal(opened.length, 1)
  })
}

test('a worker that is withdrawn keeps its WebSockets, and is drained when they have closed', async t => {
  const fleet = new Fleet(t)
  const dispatcher = fleet.dispatcher()
  const hand = await fleet.start('leaving', '../undici/upgrading.ts')
  const socket = new UndiciWebSocket('ws://leaving.heddle.local/greet', { dispatcher }) as unknown as Socket
  const told = talk(socket, () => undefined)
  await once(socket, 'message')
  await hand.member.withdraw()
  assert.equal(await hand.member.drained(50), false)
  socket.send('still here')
  await once(socket, 'message')
  await hand.call('closeAll')
  assert.deepEqual((await told).at(-1), ['close', 1001, 'going away', true])
  assert.equal(await hand.member.drained(60_000), true)
})
