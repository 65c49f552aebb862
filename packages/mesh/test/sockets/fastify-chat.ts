/** A Fastify application whose server takes WebSockets as well. Worker thread. */
import { fastify } from 'fastify'
import { WebSocketServer } from 'ws'

const app = fastify()
app.get('/', () => 'fastify')
await app.ready()

/** What the thread serves. */
export const target = app.server
new WebSocketServer({ server: target, path: '/chat' }).on('connection', ws => {
  ws.on('message', (data, binary) => ws.send(data as Buffer, { binary }))
})
