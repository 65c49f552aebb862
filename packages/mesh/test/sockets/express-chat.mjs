/** An Express application whose server takes WebSockets as well. Worker thread. */
import { createServer } from 'node:http'

import express from 'express'
import { WebSocketServer } from 'ws'

const app = express()
app.get('/', (_req, res) => {
  res.send('express')
})

export const target = createServer(app)
new WebSocketServer({ server: target, path: '/chat' }).on('connection', ws => {
  ws.on('message', (data, binary) => ws.send(data, { binary }))
})
